using CoLlm.Evaluation.Importers;
using CoLlm.Evaluation.Metrics;
using CoLlm.Evaluation.Tasks;
using CoLlm.Testing;

namespace CoLlm.Evaluation.Tests.Importers;

/// <summary>Published formats, with made-up content.</summary>
public sealed class ImporterTests : IDisposable
{
    private readonly TemporaryDirectory _folder = new();

    [Fact]
    public void Gsm8k_Lines_GiveNumericItems()
    {
        string path = _folder.Write("test.jsonl",
            "{\"question\": \"Mia stacks 2 rows of 600 bricks. How many?\", \"answer\": \"2 * 600 = <<2*600=1200>>1200\\n#### 1,200\"}\n\n"
            + "{\"question\": \"It was 3 degrees and fell by 5. Now?\", \"answer\": \"#### -2\"}\n");
        IReadOnlyList<EvaluationItem> items = Gsm8kFile.Read(path);

        Assert.Equal(["gsm8k/1", "gsm8k/2"], items.Select(item => item.Id));
        Assert.Equal(1, Scorer.Score(items[0], "2 * 600 = 1200. The answer is 1200.").Score.Value);
        Assert.Equal(0, Scorer.Score(items[0], "The answer is 120.").Score.Value);
        Assert.Equal(1, Scorer.Score(items[1], "3 - 5 = -2").Score.Value);
        Assert.Equal(0, Scorer.Score(items[1], "3 - 5 = 2").Score.Value);
        Assert.Equal(0, Scorer.Score(items[1], "").Score.Value);
    }

    [Theory]
    [InlineData("{\"question\": \"Q\", \"answer\": \"no mark 5\"}", "line 1")]
    [InlineData("{\"question\": \"Q\", \"answer\": \"#### 5\"}\n{\"question\": \"Q\", \"answer\": \"#### five\"}", "line 2")]
    [InlineData("{\"answer\": \"#### 5\"}", "'question'")]
    [InlineData("[1]", "line 1")]
    [InlineData("{", "line 1")]
    [InlineData("", "no item")]
    public void Gsm8k_MalformedLine_NamesFileAndPlace(string content, string place) => AssertRefused(() => Gsm8kFile.Read(_folder.Write("test.jsonl", content)), "test.jsonl", place);

    [Fact]
    public void Math_Folder_GivesItemsBySubject()
    {
        Directory.CreateDirectory(_folder.File("algebra"));
        Directory.CreateDirectory(_folder.File("geometry"));
        _folder.Write("algebra/1.json", "{\"problem\": \"Solve $2x = 1$.\", \"level\": \"Level 1\", \"type\": \"Algebra\", \"solution\": \"So $x = \\\\boxed{\\\\frac{1}{2}}$.\"}");
        _folder.Write("geometry/7.json", "{\"problem\": \"How long?\", \"level\": \"Level 2\", \"type\": \"Number Theory\", \"solution\": \"$\\\\boxed{12\\\\text{ cm}}$\"}");
        IReadOnlyList<EvaluationItem> items = MathFiles.Read(_folder.Path);

        Assert.Equal([("math/algebra/1.json", "math/algebra"), ("math/geometry/7.json", "math/number_theory")], items.Select(item => (item.Id, item.Task)));
        Assert.Equal(1, Scorer.Score(items[0], @"It is $\boxed{\dfrac12}$.").Score.Value);
        Assert.Equal(1, Scorer.Score(items[1], @"\boxed{12}").Score.Value);
        Assert.Equal(0, Scorer.Score(items[0], "It is 1/2.").Score.Value);
        Assert.Equal(0, Scorer.Score(items[0], @"\boxed{}").Score.Value);
    }

    [Fact]
    public void Math_SolutionWithoutBox_IsRefused() =>
        AssertRefused(() => MathFiles.Read(_folder.Write("p.jsonl", "{\"problem\": \"P\", \"solution\": \"It is 5.\"}")), "p.jsonl", "line 1");

    [Fact]
    public void Bioasq_AllTypes_GiveItemsWithTheirMetrics()
    {
        string path = _folder.Write("b.json", """
            {"questions": [
              {"id": "q1", "type": "yesno", "body": "Is blib real?", "exact_answer": "Yes", "ideal_answer": ["It is."], "documents": []},
              {"id": "q2", "type": "factoid", "body": "Which gene?", "exact_answer": [["BLB1", "blob gene 1"]]},
              {"id": "q3", "type": "list", "body": "Which ones?", "exact_answer": [["A and B syndrome", "ABS"], ["Cee disease"]]},
              {"id": "q4", "type": "summary", "body": "What is it?", "ideal_answer": ["A blib is a small blob.", "Small blob."]}
            ]}
            """);
        IReadOnlyList<EvaluationItem> items = BioasqFile.Read(path);

        Assert.Equal([MetricKind.ExactMatch, MetricKind.ExactMatch, MetricKind.ListF1, MetricKind.RougeSu4], items.Select(item => item.Metric));
        Assert.Equal(["bioasq_yesno", "bioasq_factoid", "bioasq_list", "bioasq_summary"], items.Select(item => item.Task));
        Assert.Equal(1, Scorer.Score(items[0], "Yes, it is real.").Score.Value);
        Assert.Equal(0, Scorer.Score(items[0], "No. Yes.").Score.Value);
        Assert.Equal(1, Scorer.Score(items[1], "Blob gene 1\nbecause of that.").Score.Value);
        Assert.Equal(1, Scorer.Score(items[2], "- A and B syndrome\n- Cee disease").Score.Value);
        Assert.Equal(1, Scorer.Score(items[3], "Small blob").Score.Value);
        Assert.All(items, item => Assert.Equal(0, Scorer.Score(item, "").Score.Value));
    }

    [Theory]
    [InlineData("{}", "'questions'")]
    [InlineData("{\"questions\": [5]}", "question 1")]
    [InlineData("{\"questions\": [{\"id\": \"a\", \"type\": \"riddle\", \"body\": \"B\"}]}", "'riddle'")]
    [InlineData("{\"questions\": [{\"id\": \"a\", \"type\": \"yesno\", \"body\": \"B\", \"exact_answer\": \"maybe\"}]}", "neither yes nor no")]
    [InlineData("{\"questions\": [{\"id\": \"a\", \"type\": \"list\", \"body\": \"B\", \"exact_answer\": []}]}", "'exact_answer'")]
    [InlineData("{\"questions\": [{\"id\": \"a\", \"type\": \"list\", \"body\": \"B\", \"exact_answer\": [[]]}]}", "'exact_answer'")]
    [InlineData("{\"questions\": [{\"id\": \"a\", \"type\": \"summary\", \"body\": \"B\"}]}", "'ideal_answer'")]
    [InlineData("{\"questions\": []}", "no question")]
    public void Bioasq_Malformed_NamesFileAndPlace(string content, string place) => AssertRefused(() => BioasqFile.Read(_folder.Write("b.json", content)), "b.json", place);

    [Fact]
    public void AnyImporter_MissingFile_IsRefused()
    {
        string path = _folder.File("absent");
        AssertRefused(() => Gsm8kFile.Read(path), "absent", "cannot be read");
        AssertRefused(() => MathFiles.Read(path), "absent", "cannot be read");
        AssertRefused(() => BioasqFile.Read(path), "absent", "cannot be read");
    }

    [Fact]
    public void AnyImporter_MutatedFile_IsReadOrRefused()
    {
        byte[] lines = "{\"question\": \"Q\", \"answer\": \"#### 1,200\", \"problem\": \"P\", \"solution\": \"\\\\boxed{5}\"}\n"u8.ToArray();
        byte[] document = "{\"questions\": [{\"id\": \"q3\", \"type\": \"list\", \"body\": \"W\", \"exact_answer\": [[\"A\", \"B\"], [\"C\"]]}]}"u8.ToArray();
        Random random = new(3);
        for (int i = 0; i < 300; i++)
        {
            string lineFile = _folder.Write("m.jsonl", FileMutation.Mutate(lines, random));
            string documentFile = _folder.Write("m.json", FileMutation.Mutate(document, random));
            foreach (Func<object> read in new Func<object>[] { () => Gsm8kFile.Read(lineFile), () => MathFiles.Read(lineFile), () => BioasqFile.Read(documentFile), () => TaskFile.Read(lineFile) })
            {
                try
                {
                    read();
                }
                catch (EvaluationException exception)
                {
                    Assert.Contains("m.json", exception.Message);
                }
            }
        }
    }

    public void Dispose() => _folder.Dispose();

    private static void AssertRefused(Func<object> read, string file, string place)
    {
        EvaluationException thrown = Assert.Throws<EvaluationException>(read);
        Assert.Contains(file, thrown.Message);
        Assert.Contains(place, thrown.Message);
    }
}
