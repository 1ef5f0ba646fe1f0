using CoLlm.EndToEnd.Tests.Clients;
using CoLlm.Inference.Tokenization;
using CoLlm.Protocol.V1;
using CoLlm.Testing;

namespace CoLlm.EndToEnd.Tests.Refusals;

/// <summary>What does not belong together is refused when a session opens, naming both values.</summary>
[Collection<SharedServicesCollection>]
public sealed class MismatchTests(SharedServices services)
{
    private const int SharedIds = 512;

    [Fact]
    public async Task Open_OtherTokenizer_IsRefusedWithBothValues()
    {
        string ours = TokenizerOf(SharedServices.First).FingerprintOf(SharedIds);
        Open open = ExpertProbe.Open(SharedServices.Stranger, 64);
        (open.TokenizerFingerprint, open.UsableVocabularySize) = (ours, SharedIds);
        Notice notice = (await services.ExpertProbe.OpenAsync(open)).Notice;

        Assert.Equal((FailureReason.TokenizerMismatch, true), (notice.Failure.Reason, notice.EndsSession));
        Assert.Equal((ours, TokenizerOf(SharedServices.Stranger).Fingerprint), (notice.Sent, notice.Held));
    }

    [Fact]
    public async Task Open_VocabularyLargerThanTheModels_IsRefusedWithBothValues()
    {
        Open open = ExpertProbe.Open(SharedServices.First, 64);
        open.UsableVocabularySize = 600;
        Notice notice = (await services.ExpertProbe.OpenAsync(open)).Notice;

        Assert.Equal((FailureReason.VocabularyMismatch, true), (notice.Failure.Reason, notice.EndsSession));
        Assert.Equal(("600", "528"), (notice.Sent, notice.Held));
    }

    private static Tokenizer TokenizerOf(string model) => Tokenizer.Load(RepositoryPaths.Golden("models", model));
}
