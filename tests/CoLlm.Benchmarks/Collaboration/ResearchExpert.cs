using System.Text.Json;
using CoLlm.Decoding;
using CoLlm.Decoding.Experts;
using CoLlm.Inference.Sampling;

namespace CoLlm.Benchmarks.Collaboration;

/// <summary>The client of <see cref="ResearchServer"/>: asks for one answer's deferred tokens.</summary>
internal sealed class ResearchExpert(HttpClient server) : IExpertSession
{
    private readonly TokenSampler _sampler = new(GeneratedModels.VocabularySize);
    private int _passCount;
    private int _computedTokenCount;
    private long _bytesUp;
    private long _bytesDown;

    public string Name => GeneratedModels.ExpertName;

    public ExpertCost Cost => new(_passCount, _computedTokenCount, _bytesUp, _bytesDown, 0);

    public void Prepare(TokenHistory history)
    {
    }

    public void Follow(TokenHistory history)
    {
    }

    public async ValueTask<ExpertAnswer> AskAsync(TokenHistory history, ExpertQuestion question, CancellationToken cancellationToken)
    {
        byte[] request = JsonSerializer.SerializeToUtf8Bytes(history.TokenIds.ToArray());
        using ByteArrayContent content = new(request);
        using HttpResponseMessage response = await server.PostAsync(new Uri(ResearchServer.Path, UriKind.Relative), content, cancellationToken);
        byte[] body = await response.EnsureSuccessStatusCode().Content.ReadAsByteArrayAsync(cancellationToken);
        float[] logProbabilities = JsonSerializer.Deserialize<float[]>(body)!;
        _passCount++;
        _computedTokenCount += history.Length;
        _bytesUp += request.Length;
        _bytesDown += body.Length;
        return ExpertAnswer.Of(_sampler.Sample(logProbabilities, question.Sampling, history.TokenIds, history.Length));
    }
}
