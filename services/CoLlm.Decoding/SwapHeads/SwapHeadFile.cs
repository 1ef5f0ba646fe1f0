using CoLlm.Inference.Checkpoints;

namespace CoLlm.Decoding.SwapHeads;

/// <summary>
/// A trained swap head as it lies on disk: a safetensors file with the weights (<c>theta</c>, <c>[experts, hidden]</c>), the
/// calibration (<c>calibration.target_rate</c> and <c>calibration.threshold</c>) and, in its metadata, the models it belongs to and the calibration's best row.
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

    /// <summary>Makes sure that the head belongs to the models that are running.</summary>
    /// <param name="running">Their fingerprints.</param>
    /// <param name="allowsMismatch">True: differences are wanted.</param>
    /// <returns>The differences that were allowed, each naming both values; for the log.</returns>
    /// <exception cref="CheckpointException">There are differences and they are not allowed; the message names all of them.</exception>
    public IReadOnlyList<string> RequireFit(SwapHeadIdentity running, bool allowsMismatch)
    {
        IReadOnlyList<string> mismatches = TrainedWith.FindMismatches(running);
        return mismatches.Count == 0 || allowsMismatch ? mismatches : throw new CheckpointException(string.Join(" ", mismatches));
    }

    /// <summary>The head for some of its experts, in the order wanted; the others' share goes to the base.</summary>
    /// <exception cref="CheckpointException">It was not trained with one of them.</exception>
    public SwapHead HeadFor(IReadOnlyList<string> expertNames)
    {
        int[] rows = new int[expertNames.Count];
        for (int i = 0; i < rows.Length; i++)
        {
            rows[i] = TrainedWith.Experts.Index().FirstOrDefault(entry => entry.Item.Name == expertNames[i], (-1, default)).Index;
            if (rows[i] < 0)
                throw new CheckpointException($"The swap head was not trained with expert {expertNames[i]}.");
        }

        return Head.Restrict(rows);
    }

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
