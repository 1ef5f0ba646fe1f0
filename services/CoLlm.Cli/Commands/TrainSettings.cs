using System.CommandLine;
using System.Text.Json.Nodes;
using CoLlm.Training;
using CoLlm.Training.Pipeline;

namespace CoLlm.Cli.Commands;

/// <summary>
/// The options of <c>collm train</c>: each names a setting of the configuration file and wins over it, so that a file can hold
/// what stays and the command line what varies.
/// </summary>
internal sealed class TrainSettings
{
    private static readonly string[] Needed = ["model", "data", "work", "output"];

    private readonly Option<string?> _config = new("--config")
    {
        Description = "JSON file with settings (the names are those of pipeline.json's \"options\" in a work folder); options given here win over it. "
            + "Paths in it are relative to the current directory.",
        HelpName = "FILE",
    };

    private readonly Option<string[]> _experts = new("--expert")
    {
        Description = "An expert to learn to defer to: NAME=DIR, a model directory, or NAME=http://HOST:PORT, an expert service that calls the model NAME "
            + "(http://HOST:PORT/MODEL where it calls it MODEL). May be given several times. Replaces those of --config.",
        HelpName = "NAME=PLACE",
        AllowMultipleArgumentsPerToken = false,
    };

    private readonly List<(Option Option, Func<ParseResult, JsonNode?> Read, string[] Path)> _settings = [];

    public TrainSettings()
    {
        AddText("--model", "DIR", "The base model's directory.", "model");
        AddText("--data", "FILE", "Training examples, JSON lines.", "data");
        AddText("--validation", "FILE", "Questions with answers, same form, on which thresholds are calibrated; without it the head stays uncalibrated.", "validation");
        AddText("--work", "DIR", "Folder for stages and checkpoints.", "work");
        AddText("--output", "DIR", "Folder that the trained model is written to; an earlier model there is replaced.", "output");
        AddText("--objective", "NAME", "collm (default): base and swap head on the marginal likelihood; lm: plain language model.", "objective");
        AddText("--scope", "NAME", "full (default), lora or head_only: what of the base is trained.", "training", "scope");
        AddText("--labels", "NAME", "expert_right_base_wrong (default) or base_wrong: where the head is first taught to defer.", "labels");
        AddText("--metric", "NAME", "exact (default) or contains: when an answer counts as right during calibration.", "metric");
        AddText("--format", "NAME", "float32 (default) or bfloat16: how the trained weights are stored.", "format");
        Add(new Option<bool?>("--from-scratch") { Description = "Start from random weights; of --model only config.json and tokenizer are read." }, "from_scratch");
        AddNumber<double>("--learning-rate", "Peak learning rate (2e-5).", "training", "learning_rate");
        AddNumber<int>("--epochs", "Times every example is seen (2).", "training", "epochs");
        AddNumber<int>("--batch", "Sequences per optimizer step (128).", "training", "batch_sequences");
        AddNumber<int>("--max-tokens", "Longer examples are cut off here (1024).", "max_sequence_tokens");
        AddNumber<double>("--head-learning-rate", "Learning rate of fitting the head (2e-5).", "head_fit", "learning_rate");
        AddNumber<int>("--head-epochs", "Times the head sees every example while it is fitted (2).", "head_fit", "epochs");
        AddNumber<double>("--head-rate-factor", "In joint training the head learns so many times as fast as the base (1).", "training", "head_rate_factor");
        AddNumber<int>("--lora-rank", "Rank of the adapters with --scope lora (8).", "training", "lora_rank");
        AddNumber<int>("--checkpoint-every", "Steps between checkpoints; 0 writes none (50).", "training", "checkpoint_every_steps");
        AddNumber<ulong>("--seed", "Decides the order of examples and random starts (0).", "training", "seed");
        AddText("--device", "NAME", "cpu (default), or cuda:N in builds with -p:Torch: where joint training is computed.", "training", "device");
        AddText("--device-precision", "NAME", "bfloat16 (default) or float32: what a device other than cpu computes in.", "training", "device_precision");
        AddNumber<int>("--threads", "Compute threads; no influence on the result (all cores).", "training", "thread_count");
    }

    public void AddTo(Command command)
    {
        command.Options.Add(_config);
        command.Options.Add(_experts);
        foreach ((Option option, _, _) in _settings)
            command.Options.Add(option);
    }

    /// <summary>The settings of file and command line together.</summary>
    /// <exception cref="TrainingException">The file cannot be read, or an expert is not NAME=PLACE.</exception>
    public JsonObject Read(ParseResult result)
    {
        JsonObject settings = result.GetValue(_config) is { } file ? PipelineConfig.ReadFile(file) : [];
        foreach ((Option option, Func<ParseResult, JsonNode?> read, string[] path) in _settings)
        {
            if (result.GetResult(option) is not { Implicit: false })
                continue;
            JsonObject parent = settings;
            foreach (string name in path[..^1])
                parent = Child(parent, name);
            parent[path[^1]] = read(result);
        }

        if (result.GetValue(_experts) is { Length: > 0 } experts)
            settings["experts"] = new JsonArray([.. experts.Select(Expert)]);
        if (Array.Find(Needed, key => !settings.ContainsKey(key)) is { } missing)
            throw new TrainingException($"Say --{missing}, or put \"{missing}\" into the file of --config.");
        return settings;
    }

    private static JsonObject Child(JsonObject parent, string name)
    {
        if (parent[name] is JsonObject child)
            return child;
        JsonObject created = [];
        parent[name] = created;
        return created;
    }

    private static JsonNode Expert(string text)
    {
        int separator = text.IndexOf('=', StringComparison.Ordinal);
        if (separator <= 0)
            throw new TrainingException($"--expert {text} is not of the form NAME=DIR or NAME=http://HOST:PORT.");
        string place = text[(separator + 1)..];
        bool isAddress = place.StartsWith("http://", StringComparison.Ordinal) || place.StartsWith("https://", StringComparison.Ordinal);
        return new JsonObject { ["name"] = text[..separator], [isAddress ? "address" : "directory"] = place };
    }

    private void AddText(string name, string helpName, string description, params string[] path) =>
        Add(new Option<string?>(name) { Description = description, HelpName = helpName }, path);

    private void AddNumber<T>(string name, string description, params string[] path)
        where T : struct => Add(new Option<T?>(name) { Description = description, HelpName = "N" }, path);

    private void Add<T>(Option<T> option, params string[] path) => _settings.Add((option, result => JsonValue.Create(result.GetValue(option)), path));
}
