using CoLlm.Inference.Checkpoints;

namespace CoLlm.Decoding.SwapHeads;

/// <summary>
/// A trained swap head as it lies on disk: a safetensors file with the weights (<c>theta</c>, <c>[experts, hidden]</c>), the
/// calibration (<c>calibration.target_rate</c> and <c>calibration.threshold</c>) and, in its metadata, the models it belongs to.
/// </summary>
/// <param name="Head">The head, reporting on all experts it was trained with.</param>
/// <param name="TrainedWith">The models it was trained with, experts in the order of its rows.</param>
/// <param name="Calibration">Null where it was never calibrated: only explicit thresholds work then.</param>
public sealed record SwapHeadFile(SwapHead Head, SwapHeadIdentity TrainedWith, CalibrationTable? Calibration)
{
    /// <summary>Largest file that is read: the largest head there can be, with room for its header.</summary>
    public const long MaxFileBytes = 64L * SwapHeadReader.MaxHiddenSize * sizeof(float) + SwapHeadReader.MaxHeaderBytes + 64 * 1024;

    /// <summary>Reads a file.</summary>
    /// <exception cref="CheckpointException">It is missing, or not a swap head; the message names file and place.</exception>
    public static SwapHeadFile Read(string path)
    {
        byte[] content;
        try
        {
            long length = new FileInfo(path).Length;
            if (length > MaxFileBytes)
                throw new CheckpointException($"{path} has {length} bytes; a swap head has at most {MaxFileBytes}.");
            content = File.ReadAllBytes(path);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new CheckpointException($"{path} cannot be read: {exception.Message}", exception);
        }

        return Parse(content, path);
    }

    /// <summary>Reads a file's content.</summary>
    /// <param name="content">All bytes.</param>
    /// <param name="name">What messages call it.</param>
    /// <exception cref="CheckpointException">It is not a swap head; the message names the place.</exception>
    public static SwapHeadFile Parse(ReadOnlyMemory<byte> content, string name) => new SwapHeadReader(content, name).Read();

    /// <summary>The file's content, the same bytes for the same head.</summary>
    public byte[] ToBytes() => SwapHeadWriter.Write(this);

    /// <summary>Writes the file, replacing one that is there only once the new one is complete.</summary>
    public void Write(string path)
    {
        string partial = path + ".partial";
        File.WriteAllBytes(partial, ToBytes());
        File.Move(partial, path, overwrite: true);
    }
}
