using CoLlm.Evaluation.Metrics;

namespace CoLlm.Evaluation.Tests.Metrics;

/// <summary>Precision, recall and F1 of lists with synonyms.</summary>
public sealed class ListMatchTests
{
    private static readonly string[] Cuts = [", ", " and "];
    private static readonly string[][] Two = [["amoxicillin"], ["clavulanic acid", "clavulanate"]];

    [Theory]
    [InlineData("amoxicillin and clavulanic acid", 1, 1)]
    [InlineData("Clavulanate and Amoxicillin.", 1, 1)]
    [InlineData("amoxicillin, and clavulanate", 1, 1)]
    [InlineData("amoxicillin", 1, 0.5)]
    [InlineData("amoxicillin, ampicillin", 0.5, 0.5)]
    [InlineData("amoxicillin, amoxicillin, amoxicillin", 1, 0.5)]
    [InlineData("clavulanate, clavulanic acid", 0.5, 0.5)]
    [InlineData("amoxicillin clavulanate", 0, 0)]
    [InlineData("ibuprofen", 0, 0)]
    [InlineData("", 0, 0)]
    [InlineData(", and .", 0, 0)]
    public void Score_TwoElements_CountsEachOnce(string answer, double precision, double recall)
    {
        ItemScore score = ListMatch.Score(answer, Two, Cuts);
        Assert.Equal((precision, recall), (score.Precision, score.Recall));
        Assert.Equal(precision + recall == 0 ? 0 : 2 * precision * recall / (precision + recall), score.Value, 12);
    }

    [Fact]
    public void Score_NameOfTwoElements_IsPlacedSoThatMostAreFound()
    {
        // The first element takes either name; only if it leaves "salt" to the second are both found.
        string[][] elements = [["salt", "sodium chloride"], ["salt"]];
        Assert.Equal(1, ListMatch.Score("salt, sodium chloride", elements, Cuts).Value);
        Assert.Equal(1, ListMatch.Score("sodium chloride, salt", elements, Cuts).Value);
    }

    [Fact]
    public void Score_ManyWrongElements_LowersPrecisionOnly()
    {
        string answer = string.Join(", ", Enumerable.Range(0, 98).Select(i => $"thing {i}")) + ", amoxicillin, clavulanate";
        ItemScore score = ListMatch.Score(answer, Two, Cuts);
        Assert.Equal((0.02, 1.0), (score.Precision, score.Recall));
    }

    [Fact]
    public void Score_Bullets_AreNotPartOfNames() => Assert.Equal(1, ListMatch.Score("- amoxicillin\n* clavulanate\n", Two, ["\n"]).Value);
}
