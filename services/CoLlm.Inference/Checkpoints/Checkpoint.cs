using CoLlm.Inference.Models;

namespace CoLlm.Inference.Checkpoints;

/// <summary>
/// A Hugging Face model directory: <c>config.json</c> and one or more memory-mapped safetensors files. Immutable and safe to
/// read from any thread until it is disposed.
/// </summary>
/// <remarks>
/// The files must not be shortened while they are open: reading a mapped page that no longer exists ends the process, as for
/// every program that maps files.
/// </remarks>
public sealed unsafe class Checkpoint : ICheckpoint
{
    private const string SingleFileName = "model.safetensors";

    private readonly List<SafetensorsFile> _files;
    private readonly Dictionary<string, (SafetensorsFile File, StoredTensor Tensor)> _tensors;

    private Checkpoint(string directory, ModelConfig config, List<SafetensorsFile> files, Dictionary<string, (SafetensorsFile, StoredTensor)> tensors)
    {
        Directory = directory;
        Config = config;
        _files = files;
        _tensors = tensors;
        ContentKey = WeightFingerprint.Compute(files);
        Fingerprint = WeightFingerprint.ComputePortable(_tensors.Values);
    }

    public string? Directory { get; }

    public ModelConfig Config { get; }

    public string ContentKey { get; }

    /// <summary>
    /// Names the weights wherever they lie: the same on every machine and however they are sharded, different as soon as a tensor is
    /// added, reshaped or trained. 32 lower-case hexadecimal digits.
    /// </summary>
    public string Fingerprint { get; }

    /// <summary>What is stored, in no particular order.</summary>
    public IEnumerable<TensorSummary> Tensors => _tensors.Values.Select(t => TensorSummary.Of(t.Tensor));

    /// <summary>Opens a model directory; weights are mapped, not read.</summary>
    /// <exception cref="CheckpointException">A file is missing, malformed or of a model that the engine does not run.</exception>
    public static Checkpoint Open(string directory)
    {
        if (!System.IO.Directory.Exists(directory))
            throw new CheckpointException($"{directory}: there is no such model directory.");

        ModelConfig config = ModelConfigReader.Read(directory);
        List<SafetensorsFile> files = [];
        try
        {
            return new Checkpoint(directory, config, files, OpenWeights(directory, files));
        }
        catch
        {
            files.ForEach(f => f.Dispose());
            throw;
        }
    }

    public bool Contains(string tensorName) => _tensors.ContainsKey(tensorName);

    public TensorView GetTensor(string tensorName, params ReadOnlySpan<long> shape)
    {
        ObjectDisposedException.ThrowIf(_files.Count == 0, this);
        if (!_tensors.TryGetValue(tensorName, out (SafetensorsFile File, StoredTensor Tensor) found))
        {
            string place = _files.Count == 1 ? _files[0].Name : ShardIndex.FileName;
            throw new CheckpointException($"{place}: tensor {CheckpointText.Quote(tensorName)} is missing.");
        }

        (SafetensorsFile file, StoredTensor tensor) = found;
        if (!shape.SequenceEqual(tensor.Shape))
        {
            throw new CheckpointException(
                $"{file.Name}: tensor '{tensorName}' has the shape {CheckpointText.Shape(tensor.Shape)}, but config.json asks for {CheckpointText.Shape(shape)}.");
        }

        if (StoredElementType.Computable(tensor.ElementType) is not { } elementType)
            throw new CheckpointException($"{file.Name}: tensor '{tensorName}' is stored as {tensor.ElementType}; weights must be F32, F16 or BF16.");
        return new TensorView(tensorName, elementType, tensor.Shape, file.Address(tensor), tensor.ByteLength);
    }

    /// <summary>Unmaps the files; no <see cref="TensorView"/> may be read afterwards.</summary>
    public void Dispose()
    {
        _files.ForEach(f => f.Dispose());
        _files.Clear();
    }

    private static Dictionary<string, (SafetensorsFile, StoredTensor)> OpenWeights(string directory, List<SafetensorsFile> files)
    {
        string single = Path.Combine(directory, SingleFileName);
        if (File.Exists(single))
        {
            SafetensorsFile file = SafetensorsFile.Open(single);
            files.Add(file);
            return file.Tensors.ToDictionary(t => t.Key, t => (file, t.Value));
        }

        string index = Path.Combine(directory, ShardIndex.FileName);
        if (!File.Exists(index))
            throw new CheckpointException($"{directory}: it holds neither {SingleFileName} nor {ShardIndex.FileName}.");
        return OpenShards(directory, ShardIndex.Read(index), files);
    }

    private static Dictionary<string, (SafetensorsFile, StoredTensor)> OpenShards(
        string directory, Dictionary<string, string> fileOfTensor, List<SafetensorsFile> files)
    {
        Dictionary<string, SafetensorsFile> opened = [];
        foreach (string name in fileOfTensor.Values.Distinct().Order(StringComparer.Ordinal))
        {
            string path = Path.Combine(directory, name);
            if (!File.Exists(path))
                throw new CheckpointException($"{ShardIndex.FileName}: it names {CheckpointText.Quote(name)}, which is missing.");
            SafetensorsFile file = SafetensorsFile.Open(path);
            files.Add(file);
            opened.Add(name, file);
            foreach (string tensor in file.Tensors.Keys)
            {
                if (fileOfTensor.TryGetValue(tensor, out string? owner) && owner != name)
                {
                    throw new CheckpointException(
                        $"{ShardIndex.FileName}: tensor {CheckpointText.Quote(tensor)} is in {CheckpointText.Quote(name)} too, not only in {CheckpointText.Quote(owner)}.");
                }
            }
        }

        Dictionary<string, (SafetensorsFile, StoredTensor)> tensors = [];
        foreach ((string tensor, string name) in fileOfTensor)
        {
            if (!opened[name].Tensors.TryGetValue(tensor, out StoredTensor? stored))
                throw new CheckpointException($"{name}: tensor {CheckpointText.Quote(tensor)}, which the index places here, is missing.");
            tensors.Add(tensor, (opened[name], stored));
        }

        return tensors;
    }
}
