using CoLlm.Inference.Checkpoints;
using CoLlm.Inference.Models;
using CoLlm.Inference.Tokenization;
using CoLlm.Protocol;
using CoLlm.Protocol.V1;
using CoLlm.Training.Remote;

namespace CoLlm.Training.Pipeline;

/// <summary>What must be known of an expert before it is asked anything.</summary>
/// <param name="Source">Where it is.</param>
/// <param name="Fingerprint">Of its weights.</param>
/// <param name="VocabularySize">Rows of its output.</param>
/// <param name="MaxPositionCount">Its longest sequence.</param>
internal sealed record ExpertFacts(ExpertSource Source, string Fingerprint, int VocabularySize, int MaxPositionCount)
{
    /// <summary>Reads its directory, or asks its service.</summary>
    /// <exception cref="TrainingException">The service does not answer, or has no such model.</exception>
    /// <exception cref="CheckpointException">The directory is unusable.</exception>
    public static async Task<ExpertFacts> LearnAsync(ExpertSource source, IProgress<string>? log, CancellationToken cancellationToken)
    {
        if (source.Address is not null)
        {
            using RemoteExpert expert = new(source, log);
            ModelDescription model = await expert.DescribeAsync(cancellationToken);
            return new ExpertFacts(source, model.Fingerprint, model.VocabularySize, model.MaxSequenceTokens);
        }

        ModelConfig config = ModelConfigReader.Read(source.Directory);
        using Checkpoint checkpoint = Checkpoint.Open(source.Directory);
        return new ExpertFacts(source, checkpoint.Fingerprint, config.VocabularySize, config.MaxPositionCount);
    }

    /// <summary>Makes sure that ids mean the same to this expert as to a tokenizer.</summary>
    /// <exception cref="TrainingException">They do not.</exception>
    public async Task RequireTokenizerAsync(Tokenizer tokenizer, string model, int usable, IProgress<string>? log, CancellationToken cancellationToken)
    {
        if (Source.Address is not null)
        {
            using RemoteExpert expert = new(Source, log);
            await expert.RequireAsync(Terms(tokenizer, usable), cancellationToken);
        }
        else if (!Tokenizer.Load(Source.Directory).IsCompatibleWith(tokenizer, usable))
        {
            throw new TrainingException(
                $"Expert {Source.Name} ({Source.Directory}) gives other ids to the same text than {model}; base and experts must share one tokenizer.");
        }
    }

    /// <summary>A scorer that asks its service.</summary>
    public RemoteTokenScorer OpenRemote(Tokenizer tokenizer, int usable, IProgress<string>? log) =>
        new(new RemoteExpert(Source, log), Terms(tokenizer, usable));

    private ScoreOpen Terms(Tokenizer tokenizer, int usable) => new()
    {
        ProtocolVersion = ProtocolVersion.Newest,
        Model = Source.Model,
        ModelFingerprint = Fingerprint,
        TokenizerFingerprint = tokenizer.FingerprintOf(usable),
        UsableVocabularySize = usable,
    };
}
