namespace CoLlm.Cli.Serving;

/// <summary>What a service has printed: all of it in a file, the last lines at hand. Any thread may write.</summary>
internal sealed class ServiceLog : IDisposable
{
    private const int KeptLines = 12;
    private const int KeptCharacters = 400;

    private readonly Lock _gate = new();
    private readonly Queue<string> _last = new();
    private StreamWriter? _file;

    public ServiceLog(string path)
    {
        Path = path;
        _file = new StreamWriter(path) { AutoFlush = true };
    }

    public string Path { get; }

    public void Write(string line)
    {
        lock (_gate)
        {
            _last.Enqueue(line.Length > KeptCharacters ? line[..KeptCharacters] : line);
            if (_last.Count > KeptLines)
                _last.Dequeue();
            try
            {
                _file?.WriteLine(line);
            }
            catch (IOException)
            {
                // A full disk must not end a demo that works; the last lines are still kept.
                _file = null;
            }
        }
    }

    /// <summary>The last lines, indented; a sentence where there are none.</summary>
    public string Tail()
    {
        lock (_gate)
            return _last.Count == 0 ? "It printed nothing." : "Its last lines:\n" + string.Join('\n', _last.Select(line => $"    {line}"));
    }

    public void Dispose()
    {
        lock (_gate)
        {
            try
            {
                _file?.Dispose();
            }
            catch (IOException)
            {
                // Nothing was kept back, so nothing is lost.
            }

            _file = null;
        }
    }
}
