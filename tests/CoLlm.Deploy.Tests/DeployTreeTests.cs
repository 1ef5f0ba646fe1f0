namespace CoLlm.Deploy.Tests;

public sealed class DeployTreeTests
{
    [Fact]
    public void Find_LocalConfigurations_AreThere() =>
        Assert.Superset(new HashSet<string> { "local/expert.json", "local/router.json" }, DeployTree.Find("local", "*.json").ToHashSet());

    [Fact]
    public void Documents_TwoInOneText_AreBothRead() => Assert.Equal(2, DeployTree.Documents("a: 1\n---\nb: [2]\n").Length);
}
