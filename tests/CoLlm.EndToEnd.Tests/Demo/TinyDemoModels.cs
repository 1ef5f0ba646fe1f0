using CoLlm.Decoding.SwapHeads;
using CoLlm.Inference.Checkpoints;
using CoLlm.Inference.Tokenization;
using CoLlm.Testing;

namespace CoLlm.EndToEnd.Tests.Demo;

/// <summary>A folder laid out as the demo's models are: golden checkpoints of random weights, with a head that gives both experts work.</summary>
internal sealed class TinyDemoModels : IDisposable
{
    private static readonly (string Name, string Checkpoint)[] Experts = [("mathematics", "pair-expert"), ("medicine", "llama-tiny")];

    private readonly TemporaryDirectory _folder = new();

    public TinyDemoModels()
    {
        Copy("co-llm-tiny", "base");
        foreach ((string name, string checkpoint) in Experts)
            Copy(checkpoint, name);
        Directory.CreateDirectory(_folder.File("data"));
        File.Copy(System.IO.Path.Combine(RepositoryPaths.Root, "deploy", "models", "demo", "data", "demo_questions.jsonl"), _folder.File("data/demo_questions.jsonl"));
        WriteHead();
    }

    public string Path => _folder.Path;

    public string FileOf(string model, string name) => System.IO.Path.Combine(Path, model, name);

    /// <summary>Every file with its length, to see whether something was written.</summary>
    public (string Path, long Length)[] Files => [.. Directory.EnumerateFiles(Path, "*", SearchOption.AllDirectories).Order().Select(file => (file, new FileInfo(file).Length))];

    public void Dispose() => _folder.Dispose();

    private void Copy(string checkpoint, string name)
    {
        Directory.CreateDirectory(_folder.File(name));
        foreach (string file in Directory.EnumerateFiles(RepositoryPaths.Golden("models", checkpoint)))
            File.Copy(file, System.IO.Path.Combine(_folder.File(name), System.IO.Path.GetFileName(file)));
    }

    private void WriteHead()
    {
        using Checkpoint model = Checkpoint.Open(_folder.File("base"));
        float[] theta = ResearchConvention.ReadSwapHead(model).Theta.ToArray();
        SwapHead head = new([.. theta, .. theta.Select(value => -value)], theta.Length);
        SwapHeadIdentity trainedWith = new(
            model.Fingerprint, Tokenizer.Load(_folder.File("base")).Fingerprint, [.. Experts.Select(expert => new ExpertIdentity(expert.Name, FingerprintOf(expert.Name)))]);
        new SwapHeadFile(head, trainedWith, Calibration: null).Write(_folder.File("base/swap_head.safetensors"));
    }

    private string FingerprintOf(string name)
    {
        using Checkpoint checkpoint = Checkpoint.Open(_folder.File(name));
        return checkpoint.Fingerprint;
    }
}
