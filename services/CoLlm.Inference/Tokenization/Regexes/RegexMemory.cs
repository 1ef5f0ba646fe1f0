namespace CoLlm.Inference.Tokenization.Regexes;

/// <summary>
/// What a search over one text has found out: the choices still open, and the places where a choice was tried in vain. What a
/// choice leads to depends on nothing but the place, so no choice is made twice at one place, and a text takes time in
/// proportion to its length whatever it holds. Used by one thread at a time.
/// </summary>
internal sealed class RegexMemory
{
    /// <summary>The ends of stretches are kept for every so many UTF-16 units that they cover, as a power of two.</summary>
    public const int BlockBits = 6;

    private const int PageBits = 8, PagePositions = 1 << PageBits;

    /// <summary>What is kept for the next text; more is left to the garbage collector.</summary>
    private const int MostKeptPages = 64, MostKeptChoices = 1 << 14;

    [ThreadStatic]
    private static RegexMemory? _kept;

    private readonly List<int> _usedPages = [];
    private readonly Stack<ulong[]> _freePages = [];

    // Of choices inside parts that are gone past as wholes: where the part ends from there. Of stretches, whose numbers are the
    // negative ones: where they end, by the blocks that they run into.
    private readonly Dictionary<(int Split, int Position), int> _ends = [];
    private ulong[]?[] _pages = [];
    private (int Instruction, int Position)[] _open = new (int, int)[64];
    private int _words;

    /// <summary>How many choices are open.</summary>
    public int OpenCount { get; private set; }

    /// <summary>How often a choice was come to: the measure of work, since every cycle leads through one.</summary>
    public long Choices { get; set; }

    /// <summary>An empty memory for a text of <paramref name="length"/> UTF-16 units; give it back by <see cref="Release"/>.</summary>
    public static RegexMemory Rent(RegexProgram program, int length)
    {
        RegexMemory memory = _kept ?? new RegexMemory();
        _kept = null;
        int words = (program.SplitCount + 63) / 64;
        if (words != memory._words)
            memory._freePages.Clear();
        memory._words = words;
        memory.Choices = 0;
        int pages = (length >> PageBits) + 1;
        if (memory._pages.Length < pages)
            memory._pages = new ulong[]?[pages];
        return memory;
    }

    public void Release()
    {
        bool isLarge = _usedPages.Count > MostKeptPages || _open.Length > MostKeptChoices || _ends.Count > MostKeptChoices;
        if (isLarge)
            return;
        foreach (int page in _usedPages)
        {
            _pages[page].AsSpan().Clear();
            _freePages.Push(_pages[page]!);
            _pages[page] = null;
        }

        _usedPages.Clear();
        _ends.Clear();
        OpenCount = 0;
        _kept = this;
    }

    public bool HasFailed(int split, int position)
    {
        ulong[]? page = _pages[position >> PageBits];
        return page is not null && (page[WordOf(split, position)] >> split & 1) != 0;
    }

    /// <summary>Whether a part is known to match from this choice on, and where it ends.</summary>
    public bool TryGetEnd(int split, int position, out int end)
    {
        end = 0;
        return _ends.Count > 0 && _ends.TryGetValue((split, position), out end);
    }

    /// <summary>Where the stretch of an instruction ends that runs into a block; false where that was not walked yet.</summary>
    public bool TryGetEndOfStretch(int instruction, int block, out int end) => TryGetEnd(~instruction, block, out end);

    /// <summary>Keeps where a stretch ends, so that none of it is walked again from each of its characters. Counts as work.</summary>
    public void KeepStretch(int instruction, int start, int end)
    {
        int last = end >> BlockBits;
        if (last > start >> BlockBits)
            Choices += end - start;
        for (int block = (start >> BlockBits) + 1; block <= last; block++)
            _ends[(~instruction, block)] = end;
    }

    public void Open(int instruction, int position)
    {
        if (OpenCount == _open.Length)
            Array.Resize(ref _open, OpenCount * 2);
        _open[OpenCount++] = (instruction, position);
    }

    /// <summary>Turns to the newest open choice above <paramref name="floor"/> whose second way is untried; closes those that failed.</summary>
    public bool TryTurn(RegexInstruction[] instructions, int floor, out int instruction, out int position)
    {
        while (OpenCount > floor)
        {
            (instruction, position) = _open[OpenCount - 1];
            if (instruction >= 0)
            {
                _open[OpenCount - 1].Instruction = ~instruction;
                instruction = instructions[instruction].Second;
                return true;
            }

            MarkFailed(instructions[~instruction].Split, position);
            OpenCount--;
        }

        (instruction, position) = (0, 0);
        return false;
    }

    /// <summary>Closes the choices above <paramref name="floor"/>: they led to the end of what was to be matched.</summary>
    public void Settle(int floor) => OpenCount = floor;

    /// <summary>As <see cref="Settle"/>, where a part ended at <paramref name="end"/>.</summary>
    public void SettlePart(RegexInstruction[] instructions, int floor, int end)
    {
        while (OpenCount > floor)
        {
            (int instruction, int position) = _open[--OpenCount];
            _ends[(instructions[instruction < 0 ? ~instruction : instruction].Split, position)] = end;
        }
    }

    private void MarkFailed(int split, int position)
    {
        ref ulong[]? page = ref _pages[position >> PageBits];
        if (page is null)
        {
            page = _freePages.Count > 0 ? _freePages.Pop() : new ulong[PagePositions * _words];
            _usedPages.Add(position >> PageBits);
        }

        page[WordOf(split, position)] |= 1UL << split;
    }

    private int WordOf(int split, int position) => ((position & (PagePositions - 1)) * _words) + (split >> 6);
}
