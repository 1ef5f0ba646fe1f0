using System.Buffers.Binary;
using System.Globalization;
using System.Numerics.Tensors;
using System.Text.Json;
using CoLlm.Inference.Checkpoints;

namespace CoLlm.Decoding.SwapHeads;

/// <summary>Reads a swap head file; whatever is wrong with it is one sentence that names the file and the place.</summary>
internal sealed class SwapHeadReader(ReadOnlyMemory<byte> content, string name)
{
    public const int MaxHiddenSize = 65536;
    public const int MaxHeaderBytes = 1 << 20;
    private const int MaxTextLength = 1024;

    public SwapHeadFile Read()
    {
        ReadOnlyMemory<byte> header = Header();
        using JsonDocument document = ParseJson(header, "the header");
        JsonElement root = document.RootElement;
        if (root.ValueKind != JsonValueKind.Object)
            throw Problem("the header is not a JSON object");
        JsonElement metadata = Member(root, "__metadata__", JsonValueKind.Object, "the header");
        string format = Text(metadata, SwapHeadFormat.FormatKey);
        if (format != SwapHeadFormat.Name)
            throw Problem($"its format is \"{format}\", not \"{SwapHeadFormat.Name}\"");
        string version = Text(metadata, SwapHeadFormat.VersionKey);
        if (version != SwapHeadFormat.Version)
            throw Problem($"its format version is {version}; this build reads version {SwapHeadFormat.Version}");

        ReadOnlySpan<byte> data = content.Span[(sizeof(ulong) + header.Length)..];
        (float[] theta, long[] shape) = Tensor(root, SwapHeadFormat.Theta, dimensionCount: 2, data);
        if (shape[0] is < 1 or > SwapHead.MaxExpertCount || shape[1] is < 1 or > MaxHiddenSize)
            throw Problem($"theta is {shape[0]} x {shape[1]}; 1 to {SwapHead.MaxExpertCount} experts and a width of 1 to {MaxHiddenSize} are allowed");
        ExpertIdentity[] experts = Experts(Text(metadata, SwapHeadFormat.ExpertsKey, MaxHeaderBytes));
        if (experts.Length != shape[0])
            throw Problem($"theta has {shape[0]} rows, but {experts.Length} experts are named");

        var trainedWith = new SwapHeadIdentity(Text(metadata, SwapHeadFormat.BaseKey), Text(metadata, SwapHeadFormat.TokenizerKey), experts);
        return new SwapHeadFile(new SwapHead(theta, (int)shape[1]), trainedWith, Calibration(root, metadata, data));
    }

    private ReadOnlyMemory<byte> Header()
    {
        if (content.Length < sizeof(ulong))
            throw Problem($"it has {content.Length} bytes, too few for a safetensors file");
        ulong length = BinaryPrimitives.ReadUInt64LittleEndian(content.Span);
        if (length > MaxHeaderBytes)
            throw Problem($"its header length is {length}; at most {MaxHeaderBytes} bytes are allowed");
        if (length > (ulong)(content.Length - sizeof(ulong)))
            throw Problem($"its header length is {length}, but only {content.Length - sizeof(ulong)} bytes follow");
        return content.Slice(sizeof(ulong), (int)length);
    }

    private CalibrationTable? Calibration(JsonElement root, JsonElement metadata, ReadOnlySpan<byte> data)
    {
        if (!root.TryGetProperty(SwapHeadFormat.TargetRates, out _) && !root.TryGetProperty(SwapHeadFormat.Thresholds, out _))
            return null;
        (float[] rates, _) = Tensor(root, SwapHeadFormat.TargetRates, dimensionCount: 1, data);
        (float[] thresholds, _) = Tensor(root, SwapHeadFormat.Thresholds, dimensionCount: 1, data);
        if (rates.Length != thresholds.Length)
            throw Problem($"its calibration has {rates.Length} target rates but {thresholds.Length} thresholds");
        CalibrationPoint[] points = [.. rates.Zip(thresholds, (rate, threshold) => new CalibrationPoint(rate, threshold))];
        CalibrationTable table = CalibrationTable.TryCreate(points, out string? problem) ?? throw Problem(problem!);
        return metadata.TryGetProperty(SwapHeadFormat.BestRateKey, out _) ? table.WithBest(BestRate(metadata, points)) : table;
    }

    private float BestRate(JsonElement metadata, CalibrationPoint[] points)
    {
        string text = Text(metadata, SwapHeadFormat.BestRateKey);
        return float.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out float rate) && points.Any(point => point.TargetRate == rate)
            ? rate
            : throw Problem($"its calibration marks the target rate \"{text}\" as the best, but has no row for it");
    }

    private ExpertIdentity[] Experts(string json)
    {
        const string Place = "the list of experts";
        using JsonDocument document = ParseJson(System.Text.Encoding.UTF8.GetBytes(json), Place);
        if (document.RootElement.ValueKind != JsonValueKind.Array || document.RootElement.GetArrayLength() > SwapHead.MaxExpertCount)
            throw Problem($"{Place} is not an array of at most {SwapHead.MaxExpertCount}");
        List<ExpertIdentity> experts = [];
        foreach (JsonElement entry in document.RootElement.EnumerateArray())
        {
            if (entry.ValueKind != JsonValueKind.Object)
                throw Problem($"entry {experts.Count} of {Place} is not an object");
            var expert = new ExpertIdentity(Text(entry, SwapHeadFormat.ExpertNameKey), Text(entry, SwapHeadFormat.ExpertFingerprintKey));
            if (experts.Any(other => other.Name == expert.Name))
                throw Problem($"expert {expert.Name} is named twice");
            experts.Add(expert);
        }

        return [.. experts];
    }

    private (float[] Values, long[] Shape) Tensor(JsonElement root, string tensor, int dimensionCount, ReadOnlySpan<byte> data)
    {
        string place = $"tensor {tensor}";
        JsonElement entry = Member(root, tensor, JsonValueKind.Object, "the header");
        if (Text(entry, "dtype") is var type && type != "F32")
            throw Problem($"{place} has element type {type}, not F32");
        long[] shape = Numbers(entry, "shape", dimensionCount, place);
        long[] offsets = Numbers(entry, "data_offsets", 2, place);
        long elementCount = 1;
        foreach (long dimension in shape)
        {
            if (dimension is < 0 or > int.MaxValue || (elementCount *= dimension) > int.MaxValue)
                throw Problem($"{place} has the shape [{string.Join(", ", shape)}], which is out of bounds");
        }

        if (offsets[0] < 0 || offsets[1] < offsets[0] || offsets[1] > data.Length || offsets[1] - offsets[0] != elementCount * sizeof(float))
            throw Problem($"{place} lies at bytes {offsets[0]} to {offsets[1]} of {data.Length}, which does not hold {elementCount} elements");
        float[] values = new float[elementCount];
        for (int i = 0; i < values.Length; i++)
            values[i] = BinaryPrimitives.ReadSingleLittleEndian(data[((int)offsets[0] + i * sizeof(float))..]);
        return TensorPrimitives.IsFiniteAll<float>(values) || values.Length == 0 ? (values, shape) : throw Problem($"{place} holds a value that is not finite");
    }

    private long[] Numbers(JsonElement entry, string key, int count, string place)
    {
        JsonElement array = Member(entry, key, JsonValueKind.Array, place);
        if (array.GetArrayLength() != count)
            throw Problem($"{key} of {place} has {array.GetArrayLength()} numbers instead of {count}");
        long[] numbers = new long[count];
        for (int i = 0; i < count; i++)
        {
            if (array[i].ValueKind != JsonValueKind.Number || !array[i].TryGetInt64(out numbers[i]))
                throw Problem($"{key} of {place} holds something other than an integer");
        }

        return numbers;
    }

    private string Text(JsonElement parent, string key, int maxLength = MaxTextLength)
    {
        JsonElement member = Member(parent, key, JsonValueKind.String, "the header");
        string text;
        try
        {
            text = member.GetString()!;
        }
        catch (InvalidOperationException)
        {
            throw Problem($"{key} is not valid text");
        }

        return text.Length <= maxLength ? text : throw Problem($"{key} has {text.Length} characters; at most {maxLength} are allowed");
    }

    private JsonElement Member(JsonElement parent, string key, JsonValueKind kind, string place) =>
        parent.TryGetProperty(key, out JsonElement member) && member.ValueKind == kind
            ? member
            : throw Problem($"{place} has no {key} of kind {kind.ToString().ToLowerInvariant()}");

    private JsonDocument ParseJson(ReadOnlyMemory<byte> json, string place)
    {
        try
        {
            return JsonDocument.Parse(json);
        }
        catch (JsonException exception)
        {
            throw Problem($"{place} is not valid JSON", exception);
        }
    }

    private CheckpointException Problem(string what, Exception? inner = null) => new($"{name} is not a usable swap head: {what}.", inner);
}
