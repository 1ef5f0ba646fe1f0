using System.Text.Json;
using CoLlm.Inference.ChatTemplates.Builtins;
using CoLlm.Inference.ChatTemplates.Parsing;
using CoLlm.Inference.ChatTemplates.Syntax;
using CoLlm.Inference.ChatTemplates.Values;
using CoLlm.Inference.Checkpoints;
using CoLlm.Inference.Tokenization.Files;

namespace CoLlm.Inference.ChatTemplates;

/// <summary>
/// A model's chat template: Jinja in the environment that templates of model hubs are written for. Immutable and thread-safe;
/// every rendering is bounded by its <see cref="TemplateLimits"/>, and depends on nothing but the variables and the clock: what
/// Jinja draws by lot (<c>random</c>, <c>lipsum</c>) is refused.
/// </summary>
public sealed class ChatTemplate
{
    /// <summary>Longest template, in UTF-16 units: 1 Mi.</summary>
    private const int LongestSource = 1 << 20;

    private readonly List<Statement> _body;
    private readonly TemplateLimits _limits;
    private readonly TimeProvider _time;

    private ChatTemplate(string name, List<Statement> body, TemplateLimits limits, TimeProvider time)
    {
        Name = name;
        _body = body;
        _limits = limits;
        _time = time;
    }

    /// <summary>Its file, or whatever messages shall call it.</summary>
    public string Name { get; }

    /// <summary>
    /// Variables that a rendering has unless they are given: the special tokens that the checkpoint names (<c>bos_token</c>, ...).
    /// </summary>
    public IReadOnlyDictionary<string, string> SpecialTokens { get; private init; } = new Dictionary<string, string>();

    /// <summary>Reads the template of a checkpoint directory; null when it has none.</summary>
    /// <param name="directory">A Hugging Face directory; only its tokenizer files are needed.</param>
    /// <param name="templateName">Which one, where the checkpoint has several; the default one when null.</param>
    /// <param name="limits">Bounds on each rendering; the defaults when null.</param>
    /// <param name="time">The clock of <c>strftime_now</c>; the system's when null.</param>
    /// <exception cref="CheckpointException">A file cannot be read.</exception>
    /// <exception cref="ChatTemplateException">The template is malformed.</exception>
    public static ChatTemplate? Load(string directory, string? templateName = null, TemplateLimits? limits = null, TimeProvider? time = null)
    {
        if (ChatTemplateFiles.Find(directory, templateName) is not (string place, string source))
            return null;
        ChatTemplate template = Parse(place, source, limits, time);
        return new ChatTemplate(place, template._body, template._limits, template._time)
        {
            SpecialTokens = ChatTemplateFiles.ReadSpecialTokens(directory),
        };
    }

    /// <summary>Reads a template from a file of its own.</summary>
    /// <exception cref="CheckpointException">The file cannot be read.</exception>
    /// <exception cref="ChatTemplateException">The template is malformed.</exception>
    public static ChatTemplate LoadFile(string path, TemplateLimits? limits = null, TimeProvider? time = null) =>
        Parse(path, TokenizerFile.ReadText(path), limits, time);

    /// <param name="name">What messages call it.</param>
    /// <param name="source">The template; half a surrogate pair counts as U+FFFD.</param>
    /// <param name="limits">Bounds on each rendering; the defaults when null.</param>
    /// <param name="time">The clock of <c>strftime_now</c>; the system's when null.</param>
    /// <exception cref="ChatTemplateException">The template is malformed.</exception>
    public static ChatTemplate Parse(string name, string source, TemplateLimits? limits = null, TimeProvider? time = null)
    {
        if (source.Length > LongestSource)
            throw new ChatTemplateException($"{name}: the template has more than {LongestSource} characters.", name, 1, isRaised: false);
        try
        {
            return new ChatTemplate(name, TemplateParser.Parse(PythonText.WellFormed(source)), limits ?? TemplateLimits.Default, time ?? TimeProvider.System);
        }
        catch (TemplateSyntaxFault fault)
        {
            throw new ChatTemplateException($"{name}: line {fault.Line}: {fault.Message}.", name, fault.Line, isRaised: false, fault);
        }
    }

    /// <summary>Renders with the members of a JSON object as variables; <c>tools</c> is None unless given.</summary>
    /// <exception cref="ChatTemplateException">The template raised an error, did what it must not, or met a bound.</exception>
    public string Render(JsonElement variables) => Render(context =>
    {
        foreach (JsonProperty variable in variables.EnumerateObject())
            context.Assign(variable.Name, JsonValues.From(variable.Value));
    });

    /// <summary>
    /// Renders with variables of a C# caller: null, strings, bool, int, long, float, double, JSON elements, dictionaries with string
    /// keys, and sequences of these.
    /// </summary>
    /// <exception cref="ChatTemplateException">As above, or a variable is of another kind.</exception>
    public string Render(IReadOnlyDictionary<string, object?> variables) => Render(context =>
    {
        foreach ((string name, object? value) in variables)
            context.Assign(name, ClrValues.From(value));
    });

    private string Render(Action<RenderContext> assign)
    {
        var context = new RenderContext(_limits, _time);
        try
        {
            foreach (TemplateFunction function in Globals.All)
                context.Assign(function.Name, function);
            context.Assign("tools", null);
            foreach ((string role, string token) in SpecialTokens)
                context.Assign(role, token);
            assign(context);
            context.InScope(context.Scope, () => Statement.ExecuteAll(context, _body));
            return context.Output;
        }
        catch (TemplateFault fault) when (fault.IsRaised)
        {
            throw new ChatTemplateException(fault.Message, Name, context.Line, isRaised: true, fault);
        }
        catch (Exception exception) when (exception.GetBaseException() is TemplateFault fault)
        {
            string sentence = fault.Message.TrimEnd('.');
            throw new ChatTemplateException($"{Name}: line {context.Line}: {sentence}.", Name, context.Line, isRaised: false, fault);
        }
    }
}
