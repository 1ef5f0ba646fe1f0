using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace CoLlm.Evaluation.Running;

/// <summary>
/// Results as they come, one JSON line each after a first line that says what they belong to; an evaluation that was interrupted goes
/// on where the file ends. A last line that was not written to its end is dropped.
/// </summary>
internal sealed class ResultsFile : IDisposable
{
    private const long MaxFileBytes = 4L << 30;

    private static readonly JsonSerializerOptions Json = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        RespectRequiredConstructorParameters = true,
        RespectNullableAnnotations = true,
    };

    private readonly FileStream _file;
    private readonly List<ItemResult> _results = [];

    private ResultsFile(FileStream file) => _file = file;

    /// <summary>All results so far, in the order of the file.</summary>
    public IReadOnlyList<ItemResult> Results => _results;

    /// <summary>Opens a file, or starts one.</summary>
    /// <param name="path">Its folder exists.</param>
    /// <param name="fingerprint">Of everything the results depend on.</param>
    /// <exception cref="EvaluationException">It belongs to another evaluation, or a line in its middle cannot be read.</exception>
    public static ResultsFile Open(string path, string fingerprint)
    {
        FileStream? file = null;
        try
        {
            file = new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.Read);
            ResultsFile results = new(file);
            results.Load(path, fingerprint);
            return results;
        }
        catch (Exception exception)
        {
            file?.Dispose();
            if (exception is IOException or UnauthorizedAccessException)
                throw new EvaluationException($"{path}: cannot be used, {exception.Message.TrimEnd('.')}.", exception);
            throw;
        }
    }

    /// <summary>Adds results and makes sure that they are in the file.</summary>
    public void Append(IEnumerable<ItemResult> results)
    {
        foreach (ItemResult result in results)
        {
            WriteLine(result);
            _results.Add(result);
        }

        _file.Flush();
    }

    public void Dispose() => _file.Dispose();

    private void Load(string path, string fingerprint)
    {
        if (_file.Length > MaxFileBytes)
            throw new EvaluationException($"{path}: it has {_file.Length} bytes; at most {MaxFileBytes} are read.");
        HashSet<(string, string)> seen = [];
        long complete = 0;
        int number = 0;
        foreach (byte[] line in Lines())
        {
            if (line[^1] != '\n')
                break;
            number++;
            if (number == 1)
                CheckHeader(path, line, fingerprint);
            else if (Parse<ItemResult>(path, number, line) is var result && !seen.Add((result.System, result.Item)))
                throw new EvaluationException($"{path}: line {number} repeats the item '{result.Item}' of '{result.System}'.");
            else
                _results.Add(result);
            complete += line.Length;
        }

        _file.SetLength(complete);
        _file.Seek(0, SeekOrigin.End);
        if (complete == 0)
            WriteLine(new Header(fingerprint));
        _file.Flush();
    }

    private static void CheckHeader(string path, byte[] line, string fingerprint)
    {
        if (Parse<Header>(path, 1, line).Fingerprint != fingerprint)
            throw new EvaluationException($"{path}: these results belong to other models, items or settings; continue with those, or choose another output folder.");
    }

    /// <summary>The file's lines with their ends; the last may lack its end.</summary>
    private IEnumerable<byte[]> Lines()
    {
        BufferedStream buffered = new(_file, 1 << 16);
        List<byte> line = [];
        for (int next = buffered.ReadByte(); next >= 0; next = buffered.ReadByte())
        {
            line.Add((byte)next);
            if (next != '\n')
                continue;
            yield return [.. line];
            line.Clear();
        }

        if (line.Count > 0)
            yield return [.. line];
    }

    private static T Parse<T>(string path, int number, byte[] line)
    {
        try
        {
            return JsonSerializer.Deserialize<T>(line, Json) ?? throw new EvaluationException($"{path}: line {number} is null.");
        }
        catch (JsonException exception)
        {
            throw new EvaluationException($"{path}: line {number} is no result: {exception.Message.TrimEnd('.')}.", exception);
        }
    }

    private void WriteLine<T>(T value) => _file.Write(Encoding.UTF8.GetBytes(JsonSerializer.Serialize(value, Json) + "\n"));

    private sealed record Header(string Fingerprint);
}
