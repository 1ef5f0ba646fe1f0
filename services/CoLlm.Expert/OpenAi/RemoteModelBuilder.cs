using CoLlm.Expert.Models;
using CoLlm.Expert.Sessions;
using CoLlm.Inference.Tokenization;
using CoLlm.Protocol.V1;

namespace CoLlm.Expert.OpenAi;

/// <summary>
/// Makes a model of a server elsewhere: who is it, how long is its context, does its tokenizer give our ids, and does a completion
/// come back as sessions will need it. Only a server that passes all of it is served.
/// </summary>
internal sealed class RemoteModelBuilder(ExpertModelOptions model, SessionLimits limits, TimeProvider time)
{
    /// <summary>Long enough to fill blocks of the usual prefix caches.</summary>
    private const int CacheProbeTokens = 256;

    private readonly OpenAiOptions _options = model.OpenAi!;
    private readonly Lazy<TokenizerDirectory> _directory = new(() => TokenizerDirectory.Read(model.OpenAi!.Tokenizer));

    /// <exception cref="BackendException">The server is not there, or does not fit.</exception>
    public async Task<ExpertModel> BuildAsync(CancellationToken cancellationToken)
    {
        TokenizerDirectory directory = _directory.Value;
        ServerConnection connection = new(_options, ApiKey.Read(_options), limits.RetryAfter, time);
        try
        {
            ServerModel server = await InspectAsync(connection, cancellationToken).ConfigureAwait(false);
            int vocabulary = VocabularySize(server, connection);
            CompletionClient completions = new(connection, server, directory.Tokenizer, vocabulary);
            BackendLimits backendLimits = Limits(server);
            await ProbeAsync(completions, connection, cancellationToken).ConfigureAwait(false);
            return new ExpertModel(new RemoteBackend(connection, completions, backendLimits), directory.Tokenizer, Describe(server, vocabulary));
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    /// <summary>Why the server is not the one it was; null where it is.</summary>
    public async Task<SessionFault?> CheckSameAsync(RemoteBackend backend, CancellationToken cancellationToken)
    {
        try
        {
            ServerModel now = await InspectAsync(backend.Connection, cancellationToken).ConfigureAwait(false);
            return backend.Model.Difference(now) is { } difference
                ? new SessionFault(FailureReason.ModelMismatch, $"{backend.Connection.Name} is another one since it came back: {difference}; start this process again.")
                : null;
        }
        catch (BackendException exception)
        {
            return exception.Fault;
        }
    }

    /// <summary>Whether the server needed less for a prompt that it has just computed; null where it does not tell.</summary>
    public async Task<bool?> ReusesPrefixesAsync(RemoteBackend backend, CancellationToken cancellationToken)
    {
        int[] words = _directory.Value.Tokenizer.Encode(string.Join(' ', TokenizerCheck.ProbesOf(_directory.Value.Tokenizer)), addSpecial: false);
        int[] prompt = words[..Math.Min(words.Length, Math.Min(CacheProbeTokens, backend.Model.LongestPrompt))];
        try
        {
            await backend.ProbeCacheAsync(prompt, cancellationToken).ConfigureAwait(false);
            return await backend.ProbeCacheAsync(prompt, cancellationToken).ConfigureAwait(false) is { } cached ? cached > 0 : null;
        }
        catch (BackendException)
        {
            return null; // Sessions will say so.
        }
    }

    private async Task<ServerModel> InspectAsync(ServerConnection connection, CancellationToken cancellationToken)
    {
        ServerModel server = await new ServerInspection(connection, _options, _directory.Value.Tokenizer).RunAsync(cancellationToken).ConfigureAwait(false);
        Tokenizer tokenizer = _directory.Value.Tokenizer;
        await TokenizerCheck.RunAsync(connection, server.Dialect, server.Name, tokenizer, _options.Tokenizer, cancellationToken).ConfigureAwait(false);
        CompletionClient completions = new(connection, server, tokenizer, VocabularySize(server, connection));
        return server with { ReplyName = await completions.LearnReplyNameAsync(ProbePrompt(), _options.TopTokens, cancellationToken).ConfigureAwait(false) };
    }

    private int[] ProbePrompt() => _directory.Value.Tokenizer.Encode("The quick brown fox", addSpecial: false);

    /// <summary>One question as sessions ask it, with all tokens that they may want.</summary>
    private async Task ProbeAsync(CompletionClient completions, ServerConnection connection, CancellationToken cancellationToken)
    {
        (TopDistribution distribution, _) = await completions
            .AskAsync(ProbePrompt(), _options.TopTokens, completions.VocabularySize, cancellationToken).ConfigureAwait(false);
        if (distribution.Tokens.Count < Math.Min(_options.TopTokens, completions.VocabularySize))
        {
            throw new BackendException(new SessionFault(
                FailureReason.Unsupported, $"{connection.Name} gave {distribution.Tokens.Count} most probable tokens where {_options.TopTokens} were asked for (TopTokens)."));
        }

        if (_options.TopTokens > 1 && distribution.PossibleCount < 2)
        {
            throw new BackendException(new SessionFault(
                FailureReason.Unsupported,
                $"{connection.Name} gives log-probabilities after its own sampling, so that one token has all of it; set it to give those of the model (vLLM: --logprobs-mode raw_logprobs)."));
        }
    }

    private int VocabularySize(ServerModel server, ServerConnection connection)
    {
        TokenizerDirectory directory = _directory.Value;
        if (server.VocabularySize is not { } told)
            return directory.VocabularySize;
        return told >= directory.Tokenizer.ModelVocabularySize
            ? told
            : throw new BackendException(new SessionFault(
                FailureReason.VocabularyMismatch,
                $"{connection.Name} has a vocabulary of {told}, but the tokenizer {_options.Tokenizer} has {directory.Tokenizer.ModelVocabularySize} pieces.",
                $"{directory.Tokenizer.ModelVocabularySize}",
                $"{told}"));
    }

    private BackendLimits Limits(ServerModel server)
    {
        string name = $"the server at {_options.Endpoint} ({server.Dialect.Name})";
        return new BackendLimits(
            name,
            _options.TopTokens,
            Math.Min(limits.MaxPositionsPerAsk, _options.MaxPositionsPerAsk),
            server.Dialect.Scores ? null : $"Texts cannot be scored here: {name} gives no log-probabilities of a prompt's own tokens.");
    }

    private ModelDescription Describe(ServerModel server, int vocabularySize)
    {
        TokenizerDirectory directory = _directory.Value;
        int longest = server.LongestPrompt;
        return new ModelDescription
        {
            Name = model.Name,
            Fingerprint = _options.Fingerprint.Length > 0 ? _options.Fingerprint : server.Fingerprint(directory.Tokenizer.Fingerprint),
            TokenizerFingerprint = directory.Tokenizer.Fingerprint,
            VocabularySize = vocabularySize,
            MaxSequenceTokens = limits.MaxSequenceTokens == 0 ? longest : Math.Min(longest, limits.MaxSequenceTokens),
            EosTokenIds = { directory.EosTokenIds },
            Architecture = directory.Architecture,
            Backend = server.Dialect.Name,
            BitwiseReproducible = false,
        };
    }
}
