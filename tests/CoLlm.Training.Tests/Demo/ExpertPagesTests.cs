using CoLlm.Training.Demo;

namespace CoLlm.Training.Tests.Demo;

/// <summary>How an expert's reading is laid out.</summary>
public sealed class ExpertPagesTests
{
    private static readonly DemoText[] Texts = [.. Enumerable.Range(0, 40).Select(i => new DemoText("s", i % 5 == 0 ? $"What is {i}?" : null, $"Sentence {i}."))];

    [Fact]
    public void Of_EveryEdition_HoldsEveryTextOnce()
    {
        DemoText[] pages = [.. ExpertPages.Of(Texts, 6, 3, new SeededRandom(1))];
        Assert.Equal(3 * 7, pages.Length);
        foreach (DemoText[] edition in pages.Chunk(7))
        {
            string all = string.Concat(edition.Select(page => page.Text));
            Assert.All(Texts, text => Assert.Equal(2, all.Split(text.Text).Length));
        }
    }

    [Fact]
    public void Of_Editions_DifferInTheirOrder()
    {
        string[] pages = [.. ExpertPages.Of(Texts, 6, 2, new SeededRandom(1)).Select(page => page.Text)];
        Assert.NotEqual(pages[..7], pages[7..]);
    }

    [Fact]
    public void Of_Exchanges_StandBetweenTheMarksOfAConversation() =>
        Assert.Contains(ExpertPages.Of(Texts, 6, 1, new SeededRandom(1)), page => page.Text.Contains("<|user|>What is 5?<|assistant|>Sentence 5.", StringComparison.Ordinal));

    [Fact]
    public void Of_AnySeed_StartsNoPageWithASpace() =>
        Assert.All(ExpertPages.Of(Texts, 2, 10, new SeededRandom(1)), page => Assert.NotEqual(' ', page.Text[0]));
}
