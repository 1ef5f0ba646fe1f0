using CoLlm.Inference.KvCache;

namespace CoLlm.Inference.Tests.KvCache;

public sealed class KvBlockPoolTests
{
    private const int Size = 16;

    [Fact]
    public void BlockTables_RandomOperations_KeepTheBooksAndNeverShareDifferentContent()
    {
        for (int seed = 0; seed < 40; seed++)
        {
            Random random = new(seed);
            KvBlockPool pool = new(blockCount: 24, Size, cacheLimit: random.Next(25));
            TableModel model = new(pool);
            for (int operation = 0; operation < 300; operation++)
                model.Act(random);
            model.CloseAll();
            Assert.Equal(0, pool.HeldCount);
            Assert.Equal(0, pool.ReservedCount);
        }
    }

    [Fact]
    public void Release_MoreThanTheCacheKeeps_EvictsTheLeastRecentlyUsed()
    {
        KvBlockPool pool = new(4, Size, cacheLimit: 2);
        pool.Reserve(4);
        KvBlockKey[] keys = [.. Enumerable.Range(0, 3).Select(i => KvBlockKey.Root.Next([i]))];
        int[] blocks = [.. keys.Select(_ => pool.Allocate())];
        for (int i = 0; i < 3; i++)
            pool.MarkComplete(blocks[i], keys[i]);

        Array.ForEach(blocks, pool.Release);

        Assert.False(pool.Holds(keys[0]));
        Assert.True(pool.Holds(keys[1]) && pool.Holds(keys[2]));
        Assert.Equal(2, pool.CachedCount);
    }

    [Fact]
    public void Next_SameTokensAfterDifferentPrefixes_GivesDifferentKeys()
    {
        KvBlockKey afterOne = KvBlockKey.Root.Next([1]).Next([5]);
        KvBlockKey afterTwo = KvBlockKey.Root.Next([2]).Next([5]);

        Assert.NotEqual(afterOne, afterTwo);
        Assert.Equal(afterOne, KvBlockKey.Root.Next([1]).Next([5]));
    }

    /// <summary>Block tables with the tokens they stand for, and the content that each block would hold on a device.</summary>
    private sealed class TableModel(KvBlockPool pool)
    {
        private readonly List<(BlockTable Table, List<int> Tokens)> _tables = [];
        private readonly (int Token, int Position)[,] _content = new (int, int)[pool.BlockCount, Size];

        public void Act(Random random)
        {
            int choice = random.Next(_tables.Count == 0 ? 1 : 6);
            int picked = _tables.Count == 0 ? 0 : random.Next(_tables.Count);
            if (choice == 0)
                Open(new BlockTable(pool, 1 + random.Next(100)));
            else if (choice == 1)
                Close(picked);
            else if (choice == 2)
                Trim(picked, random);
            else if (choice == 3)
                Fork(picked);
            else
                Extend(picked, random);
            Check();
        }

        public void CloseAll()
        {
            while (_tables.Count > 0)
                Close(0);
            Check();
        }

        private bool Open(BlockTable table)
        {
            if (table.Capacity > pool.UnreservedCount)
                return false;
            pool.Reserve(table.Capacity);
            _tables.Add((table, []));
            return true;
        }

        private void Close(int index)
        {
            _tables[index].Table.TrimTo(0);
            pool.Unreserve(_tables[index].Table.Capacity);
            _tables.RemoveAt(index);
        }

        private void Trim(int index, Random random)
        {
            (BlockTable table, List<int> tokens) = _tables[index];
            int kept = random.Next(tokens.Count + 1);
            tokens.RemoveRange(kept, tokens.Count - kept);
            table.TrimTo(kept);
        }

        private void Fork(int index)
        {
            (BlockTable table, List<int> tokens) = _tables[index];
            BlockTable child = new(pool, table.Capacity * Size);
            if (!Open(child))
                return;
            table.ShareWith(child, tokens.Count);
            _tables[^1].Tokens.AddRange(tokens);
        }

        private void Extend(int index, Random random)
        {
            (BlockTable table, List<int> tokens) = _tables[index];
            int start = tokens.Count;
            int rows = Math.Min(random.Next(1, 40), (table.Capacity * Size) - start);
            for (int i = 0; i < rows; i++)
                tokens.Add(random.Next(2) == 0 ? 1 : random.Next(2));
            int adopted = table.AdoptPrefix(tokens.ToArray(), start, tokens.Count);
            if (adopted == tokens.Count)
                return;
            List<BlockCopy> copies = [];
            table.PrepareRows(adopted, tokens.Count - adopted, copies);
            foreach (BlockCopy copy in copies)
            {
                for (int i = 0; i < Size; i++)
                    _content[copy.To, i] = _content[copy.From, i];
            }

            for (int position = adopted; position < tokens.Count; position++)
                _content[table.Ids[position / Size], position % Size] = (tokens[position], position);
            table.MarkComputed(tokens.ToArray(), adopted, tokens.Count);
        }

        private void Check()
        {
            int[] references = new int[pool.BlockCount];
            foreach ((BlockTable table, List<int> tokens) in _tables)
            {
                Assert.Equal(pool.BlocksFor(tokens.Count), table.Count);
                foreach (int block in table.Ids)
                    references[block]++;
                for (int position = 0; position < tokens.Count; position++)
                    Assert.Equal((tokens[position], position), _content[table.Ids[position / Size], position % Size]);
            }

            pool.CheckInvariants(references);
        }
    }
}
