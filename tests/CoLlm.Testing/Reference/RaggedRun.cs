using CoLlm.Inference.Backends;

namespace CoLlm.Testing.Reference;

/// <summary>Several sequences run to their ends in pieces, several of them in each step, on blocks in random order.</summary>
public static class RaggedRun
{
    /// <param name="backend">Without a KV cache.</param>
    /// <param name="sequences">Their tokens.</param>
    /// <param name="random">Orders the blocks.</param>
    /// <param name="blockSize">Tokens of a block.</param>
    /// <param name="mostRows">Most rows that <paramref name="nextRows"/> gives.</param>
    /// <param name="nextRows">Rows of the next sequence in the next step; zero leaves it out.</param>
    /// <returns><c>[sequence][position][vocabulary]</c></returns>
    public static float[][][] Logits(IInferenceBackend backend, int[][] sequences, Random random, int blockSize, int mostRows, Func<int> nextRows)
    {
        ArgumentNullException.ThrowIfNull(backend);
        ArgumentNullException.ThrowIfNull(random);
        ArgumentNullException.ThrowIfNull(nextRows);
        int blocksEach = (sequences.Max(sequence => sequence.Length) / blockSize) + 1;
        backend.AllocateKvCache(blocksEach * sequences.Length, blockSize, mostRows * sequences.Length, mostRows * sequences.Length);
        int[] order = [.. Enumerable.Range(0, blocksEach * sequences.Length)];
        random.Shuffle(order);
        int[] done = new int[sequences.Length];
        float[][][] results = [.. sequences.Select(sequence => new float[sequence.Length][])];
        var plan = new StepPlan();
        var output = new StepOutput(backend.Config.VocabularySize, backend.Config.HiddenSize);
        while (sequences.Where((sequence, s) => done[s] < sequence.Length).Any())
        {
            plan.Clear();
            List<(int Sequence, int Position)> wanted = [];
            for (int s = 0; s < sequences.Length; s++)
            {
                int count = Math.Min(sequences[s].Length - done[s], nextRows());
                if (count == 0)
                    continue;
                int[] offsets = [.. Enumerable.Range(0, count)];
                int blocks = (done[s] + count + blockSize - 1) / blockSize;
                plan.Add(sequences[s].AsSpan(done[s], count), done[s], order.AsSpan(s * blocksEach, blocks), offsets);
                for (int i = 0; i < count; i++)
                    wanted.Add((s, done[s]++));
            }

            backend.Run(plan, output);
            for (int i = 0; i < wanted.Count; i++)
                results[wanted[i].Sequence][wanted[i].Position] = output.Logits(i).ToArray();
        }

        return results;
    }

    /// <summary>Random token ids.</summary>
    public static int[] Tokens(int length, int seed, int vocabulary)
    {
        var random = new Random(seed);
        return [.. Enumerable.Range(0, length).Select(_ => random.Next(vocabulary))];
    }
}
