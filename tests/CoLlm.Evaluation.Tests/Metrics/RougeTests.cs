using CoLlm.Evaluation.Metrics;

namespace CoLlm.Evaluation.Tests.Metrics;

/// <summary>ROUGE against values worked out by hand.</summary>
public sealed class RougeTests
{
    private const string Said = "The cat sat on the mat.";
    private const string Right = "the cat was on the mat";

    [Fact]
    public void N_OneWordOff_CountsSharedGrams()
    {
        ItemScore one = Rouge.N(1, Said, [Right]);
        Assert.Equal((5.0 / 6, 5.0 / 6), (one.Precision, one.Recall));
        ItemScore two = Rouge.N(2, Said, [Right]);
        Assert.Equal((3.0 / 5, 3.0 / 5), (two.Precision, two.Recall));
    }

    [Fact]
    public void N_RepeatedWord_IsClipped()
    {
        ItemScore score = Rouge.N(1, "the the the the", ["the cat"]);
        Assert.Equal((0.25, 0.5), (score.Precision, score.Recall));
    }

    [Fact]
    public void L_CommonSubsequence_KeepsOrder()
    {
        ItemScore score = Rouge.L("a b c d", ["b d a"]);
        Assert.Equal((0.5, 2.0 / 3), (score.Precision, score.Recall));
    }

    [Fact]
    public void Su4_WordsFurtherThanFourApart_AreNoPair()
    {
        // Single words: 2 of 7 said and both right; pairs: "a b" is six apart, so none.
        ItemScore score = Rouge.Su4("a v w x y z b", ["a b"]);
        Assert.Equal(2.0 / 3, score.Recall);
        Assert.Equal(2.0 / (7 + 6 + 5 + 4 + 3 + 2), score.Precision);

        // Four words between still make a pair.
        Assert.Equal(1, Rouge.Su4("a w x y z b", ["a b"]).Recall);
    }

    [Fact]
    public void AnyRouge_SeveralReferences_TakesTheBest() => Assert.Equal(1, Rouge.N(2, Said, ["nothing alike", "The cat sat on the mat"]).Value);

    [Theory]
    [InlineData("", "the cat")]
    [InlineData("...", "the cat")]
    [InlineData("cat", "...")]
    public void AnyRouge_NoWords_IsZero(string said, string right)
    {
        foreach (ItemScore score in new[] { Rouge.N(1, said, [right]), Rouge.N(2, said, [right]), Rouge.L(said, [right]), Rouge.Su4(said, [right]) })
            Assert.Equal(new ItemScore(0, 0, 0), score);
    }
}
