using CoLlm.Cli.Demo;
using CoLlm.Testing;

namespace CoLlm.Cli.Tests.Demo;

/// <summary>Where the demo's models are looked for.</summary>
public sealed class DemoModelsTests
{
    [Fact]
    public void Find_CheckoutAboveAStart_TakesItsModels()
    {
        using TemporaryDirectory checkout = Checkout("deploy/models/demo", "base", "zoology", "mathematics");
        using TemporaryDirectory elsewhere = new();
        string inside = Directory.CreateDirectory(checkout.File("services/CoLlm.Cli/bin")).FullName;
        DemoModels models = DemoModels.Find(null, elsewhere.Path, inside);

        Assert.Equal(checkout.File("deploy/models/demo"), models.Folder);
        Assert.Equal(["mathematics", "zoology"], models.Experts);
        Assert.Equal(checkout.File("deploy/models/demo/base/swap_head.safetensors"), models.SwapHead);
    }

    [Fact]
    public void Find_FolderNamed_LooksNowhereElse()
    {
        using TemporaryDirectory checkout = Checkout("deploy/models/demo", "base", "mathematics");
        using TemporaryDirectory empty = new();
        DemoException missing = Assert.Throws<DemoException>(() => DemoModels.Find(empty.Path, checkout.Path));
        Assert.StartsWith($"{empty.Path} does not hold the demo's models", missing.Message, StringComparison.Ordinal);
        Assert.Contains("`collm demo-train --work DIR` makes them", missing.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Find_CheckoutWithoutTrainedModels_NamesItsFolder()
    {
        using TemporaryDirectory checkout = new();
        Directory.CreateDirectory(checkout.File("deploy/models/demo/data"));
        DemoException missing = Assert.Throws<DemoException>(() => DemoModels.Find(null, checkout.Path));
        Assert.StartsWith(checkout.File("deploy/models/demo"), missing.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("base")]
    [InlineData("mathematics")]
    public void Find_BaseOrExpertsAlone_AreNotEnough(string model)
    {
        using TemporaryDirectory folder = Checkout(".", model);
        Assert.Throws<DemoException>(() => DemoModels.Find(folder.Path));
    }

    private static TemporaryDirectory Checkout(string place, params string[] models)
    {
        TemporaryDirectory folder = new();
        foreach (string model in models)
        {
            Directory.CreateDirectory(folder.File($"{place}/{model}"));
            folder.Write($"{place}/{model}/config.json", "{}");
            if (model == "base")
                folder.Write($"{place}/{model}/swap_head.safetensors", "");
        }

        return folder;
    }
}
