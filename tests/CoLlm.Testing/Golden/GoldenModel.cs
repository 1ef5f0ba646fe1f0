using System.Buffers.Binary;
using System.Text.Json;
using CoLlm.Inference.Checkpoints;

namespace CoLlm.Testing.Golden;

/// <summary>A golden checkpoint with the outputs that the reference implementation gives for it.</summary>
public sealed class GoldenModel : IDisposable
{
    private readonly JsonDocument _expected;
    private readonly SafetensorsFile _tensors;

    private GoldenModel(string name)
    {
        Name = name;
        ModelDirectory = RepositoryPaths.Golden("models", name);
        _expected = JsonDocument.Parse(File.ReadAllBytes(RepositoryPaths.Golden("expected", name, "expected.json")));
        _tensors = SafetensorsFile.Open(RepositoryPaths.Golden("expected", name, "expected.safetensors"));
    }

    /// <summary>Names of all golden checkpoints.</summary>
    public static IReadOnlyList<string> Names { get; } =
        ["co-llm-tiny", "llama-tiny", "llama3-tiny", "mistral-tiny", "pair-base", "pair-expert", "qwen2-tiny", "qwen3-tiny"];

    /// <summary>Names of the prompts that every checkpoint has outputs for.</summary>
    public static IReadOnlyList<string> Prompts { get; } = ["single", "short", "text", "long"];

    public string Name { get; }

    public string ModelDirectory { get; }

    /// <summary>Ids that greedy decoding may choose: below this one.</summary>
    public int UsableVocabulary => Name is "pair-expert" or "co-llm-tiny" ? 512 : int.MaxValue;

    /// <summary>Columns of the softmax: all, without the deferral column of co-llm-tiny.</summary>
    public int SoftmaxColumns(int vocabularySize) => HasDeferralColumn ? vocabularySize - 1 : vocabularySize;

    public bool HasDeferralColumn => Name == "co-llm-tiny";

    public static GoldenModel Open(string name) => new(name);

    public int[] PromptIds(string prompt) => Ints(_expected.RootElement.GetProperty("prompts").GetProperty(prompt).GetProperty("ids"));

    /// <summary>The 32 greedy tokens that follow the prompt, never ended early.</summary>
    public int[] Greedy(string prompt, string key = "greedy") =>
        Ints(_expected.RootElement.GetProperty("prompts").GetProperty(prompt).GetProperty(key));

    public int[] SequenceIds => Ints(_expected.RootElement.GetProperty("seq64").GetProperty("ids"));

    public int[] SequenceArgMax(string key = "argmax") => Ints(_expected.RootElement.GetProperty("seq64").GetProperty(key));

    /// <summary>An expected tensor, row-major.</summary>
    public unsafe float[] Tensor(string name)
    {
        StoredTensor tensor = _tensors.Tensors[name];
        ReadOnlySpan<byte> bytes = new(_tensors.Address(tensor), checked((int)tensor.ByteLength));
        float[] values = new float[bytes.Length / 4];
        for (int i = 0; i < values.Length; i++)
            values[i] = BinaryPrimitives.ReadSingleLittleEndian(bytes[(4 * i)..]);
        return values;
    }

    public void Dispose()
    {
        _expected.Dispose();
        _tensors.Dispose();
    }

    private static int[] Ints(JsonElement array) => [.. array.EnumerateArray().Select(e => e.GetInt32())];
}
