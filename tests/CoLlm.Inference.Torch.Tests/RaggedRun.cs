using CoLlm.Inference.Backends;

namespace CoLlm.Inference.Torch.Tests;

/// <summary>Several sequences run to their ends in random pieces, several of them in each step, on blocks in random order.</summary>
internal static class RaggedRun
{
    public const int BlockSize = 16;

    /// <returns><c>[sequence][position][vocabulary]</c></returns>
    public static float[][][] Logits(IInferenceBackend backend, int[][] sequences, int seed, int mostRows)
    {
        var random = new Random(seed);
        int blocksEach = (sequences.Max(sequence => sequence.Length) / BlockSize) + 1;
        backend.AllocateKvCache(blocksEach * sequences.Length, BlockSize, mostRows * sequences.Length, mostRows * sequences.Length);
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
                int count = Math.Min(sequences[s].Length - done[s], random.Next(3) == 0 ? random.Next(mostRows + 1) : 1);
                if (count == 0)
                    continue;
                int[] offsets = [.. Enumerable.Range(0, count)];
                int blocks = (done[s] + count + BlockSize - 1) / BlockSize;
                plan.Add(sequences[s].AsSpan(done[s], count), done[s], order.AsSpan(s * blocksEach, blocks), offsets);
                int start = done[s];
                int sequence = s;
                wanted.AddRange(offsets.Select(offset => (sequence, start + offset)));
                done[s] += count;
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
