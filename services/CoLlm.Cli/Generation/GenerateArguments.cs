using System.CommandLine;
using CoLlm.Protocol.V1;

namespace CoLlm.Cli.Generation;

/// <summary>The options of <c>collm generate</c> that say what to write and how to draw, and the message they make.</summary>
internal sealed class GenerateArguments
{
    private readonly Argument<string?> _prompt = new("prompt")
    {
        Description = "The text to go on from; standard input when not given.",
        Arity = ArgumentArity.ZeroOrOne,
    };

    private readonly Option<string> _model = Text("--model", "NAME", "The router's name for base and experts; needed where it has several.");
    private readonly Option<bool> _chat = new("--chat") { Description = "Treat the prompt as a user's message, laid out by the model's template." };
    private readonly Option<string> _system = Text("--system", "TEXT", "A system message before it; implies --chat.");
    private readonly Option<int[]> _ids = Several<int>("--ids", "ID", "Token ids in place of a prompt, as they stand.");
    private readonly Option<int> _maxTokens = new("--max-tokens") { Description = "Most tokens to write; 0: the router's default.", HelpName = "N" };
    private readonly Option<float?> _temperature = Number<float?>("--temperature", "T", "Draw at this temperature; greedy when not given.");
    private readonly Option<int> _topK = Number<int>("--top-k", "K", "Draw from the K most probable tokens.");
    private readonly Option<float?> _topP = Number<float?>("--top-p", "P", "Draw from the fewest tokens with this probability together.");
    private readonly Option<float> _minP = Number<float>("--min-p", "P", "Draw from tokens at least this fraction as probable as the best.");
    private readonly Option<float?> _repetitionPenalty = Number<float?>("--repetition-penalty", "R", "Make tokens already written less probable.");
    private readonly Option<ulong> _seed = Number<ulong>("--seed", "N", "The same seed gives the same answer.");
    private readonly Option<string[]> _stop = Several<string>("--stop", "TEXT", "End before this text; may be repeated.");
    private readonly Option<int[]> _stopIds = Several<int>("--stop-id", "ID", "End with this token; may be repeated.");
    private readonly Option<bool> _ignoreEos = new("--ignore-eos") { Description = "Go on after a token that ends an answer." };
    private readonly CollaborationArguments _collaboration = new();

    public void AddTo(Command command)
    {
        command.Arguments.Add(_prompt);
        foreach (Option option in (Option[])
            [_model, _chat, _system, _ids, _maxTokens, _temperature, _topK, _topP, _minP, _repetitionPenalty, _seed, _stop, _stopIds, _ignoreEos])
            command.Options.Add(option);
        _collaboration.AddTo(command);
    }

    /// <summary>The request that the command line asks for.</summary>
    /// <param name="result">The command line.</param>
    /// <param name="readInput">Gives the prompt where the command line has none.</param>
    public GenerateRequest Read(ParseResult result, Func<string> readInput)
    {
        var request = new GenerateRequest
        {
            Model = result.GetValue(_model) ?? "",
            MaxNewTokens = result.GetValue(_maxTokens),
            Sampling = Sampling(result),
            Stop = new StopConditions { IgnoreEndOfSequence = result.GetValue(_ignoreEos) },
            Collaboration = _collaboration.Read(result),
        };
        request.Stop.Strings.AddRange(result.GetValue(_stop) ?? []);
        request.Stop.TokenIds.AddRange(result.GetValue(_stopIds) ?? []);
        SetInput(request, result, readInput);
        return request;
    }

    internal static Option<T> Number<T>(string name, string helpName, string description) => new(name) { HelpName = helpName, Description = description };

    internal static Option<string> Text(string name, string helpName, string description) => new(name) { HelpName = helpName, Description = description };

    internal static Option<T[]> Several<T>(string name, string helpName, string description) =>
        new(name) { HelpName = helpName, Description = description, AllowMultipleArgumentsPerToken = true };

    private void SetInput(GenerateRequest request, ParseResult result, Func<string> readInput)
    {
        if (result.GetValue(_ids) is { Length: > 0 } ids)
        {
            request.TokenIds = new TokenIds { Ids = { ids } };
            return;
        }

        string prompt = result.GetValue(_prompt) ?? readInput();
        string? system = result.GetValue(_system);
        if (system is null && !result.GetValue(_chat))
        {
            request.Prompt = prompt;
            return;
        }

        request.Chat = new Chat();
        if (system is not null)
            request.Chat.Messages.Add(new ChatMessage { Role = "system", Content = system });
        request.Chat.Messages.Add(new ChatMessage { Role = "user", Content = prompt });
    }

    private SamplingParameters Sampling(ParseResult result)
    {
        var sampling = new SamplingParameters
        {
            Temperature = result.GetValue(_temperature) ?? 0f,
            TopK = result.GetValue(_topK),
            MinP = result.GetValue(_minP),
            Seed = result.GetValue(_seed),
        };
        if (result.GetValue(_topP) is { } topP)
            sampling.TopP = topP;
        if (result.GetValue(_repetitionPenalty) is { } penalty)
            sampling.RepetitionPenalty = penalty;
        return sampling;
    }
}
