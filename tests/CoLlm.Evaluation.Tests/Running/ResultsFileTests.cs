using CoLlm.Evaluation.Running;
using CoLlm.Testing;

namespace CoLlm.Evaluation.Tests.Running;

/// <summary>Results survive interruption, and are never mixed.</summary>
public sealed class ResultsFileTests : IDisposable
{
    private readonly TemporaryDirectory _folder = new();

    private string FilePath => _folder.File("results.jsonl");

    [Fact]
    public void Open_AgainAfterClose_HasEveryResult()
    {
        using (ResultsFile file = ResultsFile.Open(FilePath, "f"))
            file.Append([Result("a"), Result("b") with { Answer = "two\nlines, \"quoted\"" }]);
        using ResultsFile again = ResultsFile.Open(FilePath, "f");
        Assert.Equal([Result("a"), Result("b") with { Answer = "two\nlines, \"quoted\"" }], again.Results);
    }

    [Fact]
    public void Open_FileCutAtAnyByte_KeepsWholeLinesAndGoesOn()
    {
        using (ResultsFile file = ResultsFile.Open(FilePath, "f"))
            file.Append([Result("a"), Result("b")]);
        byte[] whole = File.ReadAllBytes(FilePath);
        for (int length = 0; length < whole.Length; length += 7)
        {
            File.WriteAllBytes(FilePath, whole[..length]);
            using (ResultsFile file = ResultsFile.Open(FilePath, "f"))
                file.Append(new[] { Result("a"), Result("b") }.Skip(file.Results.Count));
            Assert.Equal(whole, File.ReadAllBytes(FilePath));
        }
    }

    [Fact]
    public void Open_OtherFingerprint_IsRefusedAndKept()
    {
        ResultsFile.Open(FilePath, "f").Dispose();
        byte[] before = File.ReadAllBytes(FilePath);
        Assert.Contains("other models, items or settings", Assert.Throws<EvaluationException>(() => ResultsFile.Open(FilePath, "g")).Message);
        Assert.Equal(before, File.ReadAllBytes(FilePath));
    }

    [Theory]
    [InlineData("{}\n", "line 1")]
    [InlineData("{\"fingerprint\": \"f\"}\n{\"system\": 5}\n", "line 2")]
    [InlineData("{\"fingerprint\": \"f\"}\nnull\n", "line 2")]
    [InlineData("nonsense\n", "line 1")]
    public void Open_BrokenLine_IsNamed(string content, string place) =>
        Assert.Contains(place, Assert.Throws<EvaluationException>(() => ResultsFile.Open(_folder.Write("results.jsonl", content), "f")).Message);

    [Fact]
    public void Open_SameItemTwice_IsRefused()
    {
        using (ResultsFile file = ResultsFile.Open(FilePath, "f"))
            file.Append([Result("a"), Result("a")]);
        Assert.Contains("line 3", Assert.Throws<EvaluationException>(() => ResultsFile.Open(FilePath, "f")).Message);
    }

    public void Dispose() => _folder.Dispose();

    private static ItemResult Result(string item) => new("base", item, "task", "An answer.", "answer", 0.1 + 0.2, null, 1, 12, 3, 12, 4, "EndOfSequence");
}
