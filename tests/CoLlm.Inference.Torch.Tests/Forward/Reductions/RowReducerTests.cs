using CoLlm.Inference.Sampling;

namespace CoLlm.Inference.Torch.Tests.Forward.Reductions;

/// <summary>What the device makes of logits, against the definition: the same tokens for the same seed, whoever shares the step.</summary>
public sealed class RowReducerTests
{
    private const int Vocabulary = 300;

    public static TheoryData<float, int, float, float, float> Parameters => new()
    {
        { 0f, 0, 1f, 0f, 1f },
        { 0f, 0, 1f, 0f, 1.7f },
        { 1f, 0, 1f, 0f, 1f },
        { 0.7f, 0, 1f, 0f, 1.3f },
        { 1f, 5, 1f, 0f, 1f },
        { 1f, 0, 0.8f, 0f, 1f },
        { 2f, 0, 0.99f, 0f, 1f },
        { 1f, 0, 1f, 0.1f, 1f },
        { 1.5f, 40, 0.9f, 0.02f, 1.1f },
        { 1f, 1, 0.01f, 1f, 0.9f },
        { 1f, 100_000, 0.5f, 0f, 1f },
        { 1e-30f, 0, 1f, 0f, 1f },
        { 100f, 0, 1e-9f, 0f, 1f },
    };

    [Theory]
    [MemberData(nameof(Parameters))]
    public void Run_RowsOfOneKind_DrawAsTheSampler(float temperature, int topK, float topP, float minP, float penalty)
    {
        var random = new Random(1);
        for (int round = 0; round < 6; round++)
        {
            var rows = new ReducedRows(Vocabulary);
            int usable = round % 2 == 0 ? Vocabulary : random.Next(1, Vocabulary);
            for (int i = 0; i < 60; i++)
            {
                SamplingParameters sampling = SamplingParameters.Create(temperature, topK, topP, minP, penalty, (ulong)random.NextInt64());
                rows.Add(RandomLogits(random, round < 4), OutputReduction.Token(sampling, usable), RandomPrefix(random));
            }

            AssertAsDefined(rows);
            Assert.Equal(1, rows.SeriesCount);
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(8)]
    [InlineData(150)]
    public void Run_TopK_NamesTheHeaviestWithTheLowestIdsFirst(int most)
    {
        var random = new Random(most);
        var rows = new ReducedRows(Vocabulary);
        for (int i = 0; i < 40; i++)
            rows.Add(RandomLogits(random, isSmooth: i % 2 == 0), OutputReduction.TopK(random.Next(1, most + 1), Vocabulary - 3), RandomPrefix(random));
        AssertAsDefined(rows);
        Assert.Equal(1, rows.SeriesCount);
    }

    [Fact]
    public void Run_Score_GivesTheGivenTokenAndTheLargest()
    {
        var random = new Random(7);
        var rows = new ReducedRows(Vocabulary);
        for (int i = 0; i < 40; i++)
            rows.Add(RandomLogits(random, isSmooth: i % 2 == 0), OutputReduction.Score(new[] { random.Next(290) }, 290), RandomPrefix(random));
        AssertAsDefined(rows);
    }

    [Fact]
    public void Run_RowsOfEveryKind_AreEachAsAlone()
    {
        var random = new Random(3);
        var rows = new ReducedRows(Vocabulary);
        for (int i = 0; i < 120; i++)
        {
            OutputReduction reduction = random.Next(5) switch
            {
                0 => OutputReduction.Score(new[] { random.Next(200) }, 200),
                1 => OutputReduction.TopK(random.Next(1, 20), 300 - random.Next(2)),
                _ => OutputReduction.Token(RandomSampling(random), 300 - random.Next(3)),
            };
            rows.Add(RandomLogits(random, isSmooth: random.Next(2) == 0), reduction, RandomPrefix(random));
        }

        AssertAsDefined(rows);
        Assert.InRange(rows.SeriesCount, 10, 15);
    }

    [Fact]
    public void Run_AllLogitsEqual_KeepsTheLowestIds()
    {
        var rows = new ReducedRows(64);
        for (int position = 1; position < 200; position++)
        {
            rows.Add(new float[64], OutputReduction.Token(SamplingParameters.Create(1f, topK: 3), 64), new int[position]);
            rows.Add(new float[64], OutputReduction.Token(SamplingParameters.Create(1f, topP: 0.25f), 64), new int[position]);
        }

        TokenLogProbability[][] entries = rows.OnDevice();
        Assert.All(entries.Where((_, i) => i % 2 == 0), row => Assert.InRange(row[0].TokenId, 0, 2));
        Assert.All(entries.Where((_, i) => i % 2 == 1), row => Assert.InRange(row[0].TokenId, 0, 15));
        Assert.All(entries, row => Assert.Equal(0, row[1].TokenId));
    }

    [Fact]
    public void Run_LargeVocabulary_DrawsAsTheSamplerInBoundedSeries()
    {
        const int vocabulary = 150_000;
        var random = new Random(5);
        var rows = new ReducedRows(vocabulary);
        for (int i = 0; i < 20; i++)
        {
            float[] logits = [.. Enumerable.Range(0, vocabulary).Select(_ => (float)((random.NextDouble() - 0.5) * 20))];
            rows.Add(logits, OutputReduction.Token(SamplingParameters.Create(1f, topP: 0.9f, seed: (ulong)i), vocabulary), RandomPrefix(random));
        }

        AssertAsDefined(rows);
        Assert.Equal(4, rows.SeriesCount);
    }

    [Theory]
    [InlineData(float.NaN)]
    [InlineData(float.PositiveInfinity)]
    [InlineData(float.NegativeInfinity)]
    public void Run_RowThatIsNotFinite_SparesTheOthers(float value)
    {
        var random = new Random(11);
        for (int kind = 0; kind < 12; kind++)
        {
            var rows = new ReducedRows(Vocabulary);
            OutputReduction reduction = kind switch
            {
                0 => OutputReduction.Score(new[] { 5 }, 290),
                1 => OutputReduction.TopK(9, 290),
                _ => OutputReduction.Token(RandomSampling(random), 290),
            };
            float[] spoiled = RandomLogits(random, isSmooth: true);
            Array.Fill(spoiled, value, 0, kind % 2 == 0 ? Vocabulary : 2);
            rows.Add(spoiled, reduction, RandomPrefix(random));
            rows.Add(RandomLogits(random, isSmooth: true), reduction, RandomPrefix(random));
            AssertAsDefined(rows, firstRow: 1);
        }
    }

    private static void AssertAsDefined(ReducedRows rows, int firstRow = 0)
    {
        TokenLogProbability[][] actual = rows.OnDevice();
        for (int row = firstRow; row < rows.Count; row++)
        {
            TokenLogProbability[] expected = rows.Expected(row);
            Assert.Equal(expected.Select(entry => entry.TokenId), actual[row].Select(entry => entry.TokenId));
            Assert.All(expected.Zip(actual[row]), pair => Assert.Equal(pair.First.LogProbability, pair.Second.LogProbability, 2e-6f));
        }
    }

    private static SamplingParameters RandomSampling(Random random) => SamplingParameters.Create(
        temperature: random.Next(4) == 0 ? 0f : 0.5f + random.NextSingle(),
        topK: random.Next(2) == 0 ? 0 : random.Next(1, 60),
        topP: random.Next(2) == 0 ? 1f : 0.5f + (random.NextSingle() / 2),
        minP: random.Next(2) == 0 ? 0f : 0.05f,
        repetitionPenalty: random.Next(2) == 0 ? 1f : 1.2f,
        seed: (ulong)random.NextInt64());

    /// <summary>Some tokens more than once, some outside the vocabulary.</summary>
    private static int[] RandomPrefix(Random random) => [.. Enumerable.Range(0, random.Next(1, 50)).Select(_ => random.Next(320))];

    /// <summary>Without smoothness there are few values, as narrow formats leave them, so that ties are the rule.</summary>
    private static float[] RandomLogits(Random random, bool isSmooth) =>
        [.. Enumerable.Range(0, Vocabulary).Select(_ => isSmooth ? (float)((random.NextDouble() - 0.5) * 12) : random.Next(-4, 4) * 0.5f)];
}
