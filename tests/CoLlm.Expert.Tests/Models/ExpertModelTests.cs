using CoLlm.Expert.Models;
using CoLlm.Inference.Tokenization;
using CoLlm.Protocol.V1;
using CoLlm.Testing;

namespace CoLlm.Expert.Tests.Models;

/// <summary>Which clients' ids mean the same here.</summary>
public sealed class ExpertModelTests
{
    /// <summary>Its tokenizer has 512 pieces of its own and two tokens added above them; the model has a row for each.</summary>
    private static readonly Tokenizer Tokenizer = Tokenizer.Load(RepositoryPaths.Golden("models", "co-llm-tiny"));

    [Theory]
    [InlineData(512)]
    [InlineData(513)]
    [InlineData(514)]
    public void HasTokenizer_SameIdsAddedTokensIncluded_Fits(int usable)
    {
        ExpertModel model = Model();
        Assert.True(model.HasTokenizer(Tokenizer.FingerprintOf(usable), usable));
        Assert.True(model.HasTokenizer(Tokenizer.FingerprintOf(usable), usable));
    }

    [Theory]
    [InlineData(514, 513)]
    [InlineData(100, 101)]
    [InlineData(515, 515)]
    [InlineData(100, 0)]
    [InlineData(100, -1)]
    public void HasTokenizer_FingerprintOfOtherIds_DoesNotFit(int fingerprinted, int usable)
    {
        ExpertModel model = Model();
        Assert.False(model.HasTokenizer(Tokenizer.FingerprintOf(fingerprinted), usable));
    }

    // Nothing is computed here.
    private static ExpertModel Model() => new(
        null!, Tokenizer, new ModelDescription { Name = "x", TokenizerFingerprint = Tokenizer.Fingerprint, VocabularySize = 514 });
}
