using CoLlm.Decoding.Deferral;
using CoLlm.Decoding.Stopping;
using CoLlm.Decoding.Tests.Scripted;

namespace CoLlm.Decoding.Tests.Stopping;

/// <summary>Where answers end, and that held-back text reaches the client with the token that wrote it.</summary>
public sealed class StopStringTests
{
    private static readonly string[] Pieces = ["a", "b", "ab", "", "ba", "aab", "c~", "~", "bbb", " "];

    [Fact]
    public async Task Release_RandomTokensAndStopStrings_EqualsCuttingTheWholeText()
    {
        var random = new Random(1);
        for (int round = 0; round < 3000; round++)
        {
            int[] tokenIds = [.. Enumerable.Range(0, random.Next(1, 14)).Select(_ => random.Next(Pieces.Length))];
            string[] stops = [.. Enumerable.Range(0, random.Next(0, 4)).Select(_ => RandomStop(random))];
            (string text, string? stop) = CutWhole(tokenIds, stops);
            (CollectingSink sink, string? found) = await ReleaseAsync(tokenIds, stops);

            Assert.Equal(text, sink.Text);
            Assert.Equal(stop is null, found is null);
            Assert.Equal(tokenIds[..sink.Tokens.Count], sink.TokenIds);
            if (stop is null)
                Assert.Equal(tokenIds.Length, sink.Tokens.Count);
        }
    }

    [Fact]
    public async Task Release_TextThatCannotBeginAStopString_IsNotHeld()
    {
        var sink = new CollectingSink();
        var release = new TokenRelease(new ScriptedText(id => Pieces[id]), ["bc"], sink);
        await release.AddAsync(Token(0), isText: true, isLast: false, default);
        Assert.Single(sink.Tokens);
        await release.AddAsync(Token(1), isText: true, isLast: false, default);
        Assert.Single(sink.Tokens);
        await release.AddAsync(Token(0), isText: true, isLast: false, default);
        Assert.Equal(["a", "b", "a"], sink.Tokens.Select(token => token.Text));
    }

    [Fact]
    public async Task Decode_StopStringAcrossTokens_EndsBeforeIt()
    {
        var free = new Scene(seed: 2);
        await free.DecodeAsync(Scene.Request());
        string stop = free.Sink.Text.Substring(10, 3);
        string expected = free.Sink.Text[..free.Sink.Text.IndexOf(stop, StringComparison.Ordinal)];

        var stopped = new Scene(seed: 2);
        DecodingSummary summary = await stopped.DecodeAsync(Scene.Request() with { Stop = Scene.Stop(strings: ["zzzz", stop]) });
        Assert.Equal((FinishReason.StopString, stop), (summary.FinishReason, summary.StopString));
        Assert.Equal(expected, stopped.Sink.Text);
        Assert.Equal(expected.Length + 3, summary.TokenCount);
        Assert.Equal(summary.TokenCount, stopped.Sink.Tokens.Count);
    }

    [Theory]
    [InlineData(true, FinishReason.EndOfSequence)]
    [InlineData(false, FinishReason.StopToken)]
    public async Task Decode_EndOrStopToken_EndsWithoutItsText(bool isEndOfSequence, FinishReason expected)
    {
        var free = new Scene(seed: 4);
        await free.DecodeAsync(Scene.Request());
        int ending = free.Sink.TokenIds[9];
        int length = Array.IndexOf(free.Sink.TokenIds, ending) + 1;

        var stopped = new Scene(seed: 4);
        DecodingSummary summary = await stopped.DecodeAsync(Scene.Request() with
        {
            Stop = isEndOfSequence ? Scene.Stop(endOfSequence: [ending]) : Scene.Stop(ids: [ending]),
        });
        Assert.Equal((expected, length), (summary.FinishReason, summary.TokenCount));
        Assert.Equal(free.Sink.TokenIds[..length], stopped.Sink.TokenIds);
        Assert.Equal(free.Sink.Text[..(length - 1)], stopped.Sink.Text);
    }

    [Theory]
    [InlineData(7, 100, FinishReason.MaxTokens, 7)]
    [InlineData(1, 100, FinishReason.MaxTokens, 1)]
    [InlineData(40, 15, FinishReason.ContextFull, 10)]
    public async Task Decode_Limits_EndTheAnswer(int maxNewTokens, int maxSequenceTokens, FinishReason expected, int count)
    {
        var scene = new Scene();
        DecodingSummary summary = await scene.DecodeAsync(Scene.Request(maxNewTokens: maxNewTokens) with { MaxSequenceTokens = maxSequenceTokens });
        Assert.Equal((expected, count, count), (summary.FinishReason, summary.TokenCount, scene.Sink.Tokens.Count));
    }

    [Theory]
    [InlineData(65, 0, 0, "There are 65 stop ids; at most 64 are allowed.")]
    [InlineData(0, 17, 3, "There are 17 stop strings; at most 16 are allowed.")]
    [InlineData(0, 1, 0, "A stop string is empty.")]
    [InlineData(0, 1, 257, "A stop string has 257 characters; at most 256 are allowed.")]
    public void TryCreate_OutOfBounds_NamesTheBound(int idCount, int stringCount, int length, string expected)
    {
        string[] strings = [.. Enumerable.Repeat(new string('x', length), stringCount)];
        Assert.Null(StopConditions.TryCreate([], new int[idCount], strings, out string? problem));
        Assert.Equal(expected, problem);
    }

    private static async Task<(CollectingSink Sink, string? StopString)> ReleaseAsync(int[] tokenIds, string[] stops)
    {
        var sink = new CollectingSink();
        var release = new TokenRelease(new ScriptedText(id => Pieces[id]), stops, sink);
        for (int i = 0; i < tokenIds.Length && release.StopString is null; i++)
            await release.AddAsync(Token(tokenIds[i]), isText: true, isLast: i == tokenIds.Length - 1, default);
        return (sink, release.StopString);
    }

    private static (string Text, string? Stop) CutWhole(int[] tokenIds, string[] stops)
    {
        var text = new ScriptedText(id => Pieces[id]);
        string whole = string.Concat(tokenIds.Select(text.Append)) + text.Flush();
        string? first = stops.Where(stop => whole.Contains(stop, StringComparison.Ordinal))
            .OrderBy(stop => whole.IndexOf(stop, StringComparison.Ordinal)).FirstOrDefault();
        return (first is null ? whole : whole[..whole.IndexOf(first, StringComparison.Ordinal)], first);
    }

    private static string RandomStop(Random random) => string.Concat(Enumerable.Range(0, random.Next(1, 5)).Select(_ => "ab c*"[random.Next(5)]));

    private static TokenEvent Token(int tokenId) => new()
    {
        TokenId = tokenId,
        Position = 0,
        Origin = TokenOrigin.Base,
        LogProbability = 0,
        Reason = DeferralReason.Fixed,
    };
}
