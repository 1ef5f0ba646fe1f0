using System.Security.Cryptography;
using CoLlm.Decoding.Stopping;
using CoLlm.Decoding.SwapHeads;
using CoLlm.Inference.ChatTemplates;
using CoLlm.Inference.Tokenization;

namespace CoLlm.Evaluation.Systems;

/// <summary>
/// All models of an evaluation in this process, checked to share one vocabulary: every system sees the same prompt as the same ids,
/// writes ids that all know, and ends at the end-of-sequence token of any.
/// </summary>
internal sealed class ModelSet : IAsyncDisposable
{
    public const string SwapHeadFileName = "swap_head.safetensors";

    private readonly List<LoadedModel> _loaded;
    private readonly ChatTemplate? _template;

    private ModelSet(List<LoadedModel> loaded, ModelDirectories directories, int threadCount, int sessions)
    {
        LoadedModel Open(string name, string directory)
        {
            LoadedModel model = LoadedModel.Open(name, directory, threadCount, sessions);
            loaded.Add(model);
            return model;
        }

        _loaded = loaded;
        Trained = Open("model", directories.Model);
        Experts = [.. directories.Experts.Select(expert => Open(expert.Name, expert.Directory))];
        Base = directories.Base is { } before ? Open("base", before) : null;
        Finetuned = directories.Finetuned is { } finetuned ? Open("finetuned", finetuned) : null;
        UsableVocabularySize = _loaded.Min(model => Math.Min(model.UsableVocabularySize, model.Tokenizer.VocabularySize));
        CheckTokenizers();
        (Head, Calibration) = ReadHead();
        _template = ChatTemplate.Load(directories.Model);
        IEnumerable<int> ends = _loaded.SelectMany(model => model.Checkpoint.Config.EosTokenIds).Concat(Trained.Tokenizer.EosTokenId is { } end ? [end] : []);
        Stop = StopConditions.TryCreate(ends, [], [], out _)!;
    }

    public LoadedModel Trained { get; }

    public IReadOnlyList<LoadedModel> Experts { get; }

    public LoadedModel? Base { get; }

    public LoadedModel? Finetuned { get; }

    /// <summary>Reports on exactly the experts here, in their order; null where the model was never trained to defer.</summary>
    public SwapHead? Head { get; }

    public CalibrationTable? Calibration { get; }

    public int UsableVocabularySize { get; }

    public StopConditions Stop { get; }

    /// <summary>Changes with any model's weights, the swap head and its calibration.</summary>
    public string Fingerprint
    {
        get
        {
            string path = Path.Combine(Trained.Directory, SwapHeadFileName);
            string head = File.Exists(path) ? Convert.ToHexStringLower(SHA256.HashData(File.ReadAllBytes(path))) : "none";
            return string.Join(' ', _loaded.Select(model => $"{model.Name}={model.Checkpoint.Fingerprint}").Append($"head={head}"));
        }
    }

    /// <summary>Opens all models; where one cannot be used, those already open are closed.</summary>
    /// <exception cref="EvaluationException">The models do not belong together.</exception>
    public static async Task<ModelSet> OpenAsync(ModelDirectories directories, int threadCount, int sessions)
    {
        List<LoadedModel> loaded = [];
        try
        {
            return new ModelSet(loaded, directories, threadCount, sessions);
        }
        catch
        {
            foreach (LoadedModel model in loaded)
                await model.DisposeAsync();
            throw;
        }
    }

    /// <summary>The ids of a question as the trained model's chat template puts it; as it is where there is none.</summary>
    public int[] Prompt(string question)
    {
        if (_template is null)
            return Trained.Tokenizer.Encode(question, addSpecial: true);
        string text = _template.Render(new Dictionary<string, object?>
        {
            ["messages"] = new[] { new Dictionary<string, object?> { ["role"] = "user", ["content"] = question } },
            ["add_generation_prompt"] = true,
        });
        return Trained.Tokenizer.Encode(text, addSpecial: false);
    }

    public async ValueTask DisposeAsync()
    {
        foreach (LoadedModel model in _loaded)
            await model.DisposeAsync();
    }

    private void CheckTokenizers()
    {
        Tokenizer own = Trained.Tokenizer;
        int shared = UsableVocabularySize;
        foreach (LoadedModel model in _loaded)
        {
            if (!own.IsCompatibleWith(model.Tokenizer, shared))
            {
                throw new EvaluationException(
                    $"{model.Directory}: its tokenizer ({model.Tokenizer.FingerprintOf(shared)}) gives ids below {shared} another meaning than that of {Trained.Directory} ({own.FingerprintOf(shared)}).");
            }
        }
    }

    private (SwapHead? Head, CalibrationTable? Calibration) ReadHead()
    {
        string path = Path.Combine(Trained.Directory, SwapHeadFileName);
        if (!File.Exists(path))
            return (Trained.HasDeferralRow && Experts.Count == 1 ? ResearchConvention.ReadSwapHead(Trained.Checkpoint) : null, null);
        SwapHeadFile file = SwapHeadFile.Read(path);
        if (Experts.Count == 0)
            return (null, null);
        file.RequireFit(
            new SwapHeadIdentity(
                Trained.Checkpoint.Fingerprint, Trained.Tokenizer.Fingerprint, [.. Experts.Select(expert => new ExpertIdentity(expert.Name, expert.Checkpoint.Fingerprint))]),
            allowsMismatch: false);
        return (file.HeadFor([.. Experts.Select(expert => expert.Name)]), file.Calibration);
    }
}
