using System.Text;
using CoLlm.Cli.JsonLines;

namespace CoLlm.Cli.Tests.JsonLines;

public sealed class JsonLineRunTests
{
    [Fact]
    public async Task AnswerAll_LineOverTheBound_IsRefusedAndTheNextAnswered()
    {
        string input = $"{{\"a\":\"{new string('x', 200_000)}\"}}\n{{\"a\":1}}\n{{\"b\":\"{new string('y', 200_000)}\"}}";

        (long failures, string[] lines) = await RunAsync(input, maxLineBytes: 1000);

        Assert.Equal(2, failures);
        Assert.Equal(
            ["{\"error\":\"The line is longer than the bound of 1000 bytes.\"}", "{\"members\":1}", "{\"error\":\"The line is longer than the bound of 1000 bytes.\"}"],
            lines);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(7)]
    [InlineData(100_000)]
    public async Task AnswerAll_AnyChunking_AnswersEveryLineOnce(int chunk)
    {
        string input = string.Concat(Enumerable.Range(0, 300).Select(count => "{" + string.Join(',', Enumerable.Range(0, count % 7).Select(name => $"\"{name}\":0")) + "}\n"));

        (long failures, string[] lines) = await RunAsync(input, maxLineBytes: 1000, chunk);

        Assert.Equal(0, failures);
        Assert.Equal(Enumerable.Range(0, 300).Select(count => $"{{\"members\":{count % 7}}}"), lines);
    }

    [Fact]
    public async Task AnswerAll_HandlerThatFailsHalfway_LeavesOnlyTheError()
    {
        using var output = new MemoryStream();
        long failures = await JsonLineRun.AnswerAllAsync(
            new MemoryStream("{}\n{}"u8.ToArray()),
            output,
            (_, answer, _) =>
            {
                answer.WriteStartArray("ids");
                throw new JsonLineException("No.");
            },
            CancellationToken.None);

        Assert.Equal(2, failures);
        Assert.Equal("{\"error\":\"No.\"}\n{\"error\":\"No.\"}\n", Encoding.UTF8.GetString(output.ToArray()));
    }

    [Fact]
    public async Task AnswerAll_BeforeItWaitsForInput_FlushesWhatIsAnswered()
    {
        using var output = new MemoryStream();
        var input = new CountingStream("{}\n{}\n"u8.ToArray(), 3, () => output.Length);

        await JsonLineRun.AnswerAllAsync(input, output, (_, _, _) => ValueTask.CompletedTask, CancellationToken.None);

        Assert.Equal([0, 3, 6], input.OutputLengths);
    }

    private static async Task<(long Failures, string[] Lines)> RunAsync(string input, int maxLineBytes, int chunk = int.MaxValue)
    {
        using var output = new MemoryStream();
        long failures = await JsonLineRun.AnswerAllAsync(
            new CountingStream(Encoding.UTF8.GetBytes(input), chunk, () => 0),
            output,
            (line, answer, _) =>
            {
                answer.WriteNumber("members", line.EnumerateObject().Count());
                return ValueTask.CompletedTask;
            },
            CancellationToken.None,
            maxLineBytes);
        return (failures, Encoding.UTF8.GetString(output.ToArray()).Split('\n')[..^1]);
    }

    /// <summary>Hands its content out in small reads, and notes how much was written by then.</summary>
    private sealed class CountingStream(byte[] content, int chunk, Func<long> written) : MemoryStream(content)
    {
        public List<long> OutputLengths { get; } = [];

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            OutputLengths.Add(written());
            return base.ReadAsync(buffer[..Math.Min(chunk, buffer.Length)], cancellationToken);
        }
    }
}
