using CoLlm.Training.Demo;

namespace CoLlm.Training.Tests.Demo;

/// <summary>Words for exercises that anybody may see.</summary>
public sealed class OpenWordsTests
{
    private static readonly IReadOnlyList<string> Words = OpenWords.Of(DemoFolder.Library);

    [Fact]
    public void Of_Library_HoldsConversationAndOpenNames()
    {
        Assert.Contains("rainbow", Words);
        Assert.Contains("ibuprofen", Words);
        Assert.Contains("bear", Words);
        Assert.Equal(Words.Distinct().Order(StringComparer.Ordinal), Words);
    }

    [Fact]
    public void Of_Library_HoldsNoHeldOutNameOfOneWord()
    {
        HashSet<string> heldOut = [.. DemoFolder.Library.Splits.Drugs.HeldOut];
        IEnumerable<string> names = DemoFolder.Library.Drugs.Where(drug => heldOut.Contains(drug.Id)).SelectMany(drug => drug.Names);
        Assert.Empty(names.Intersect(Words, StringComparer.OrdinalIgnoreCase));
        Assert.DoesNotContain("extinct", Words);
    }
}
