using System.Text.Encodings.Web;
using System.Text.Json;
using CoLlm.Training.Demo.Data;
using CoLlm.Training.Demo.Leaks;

namespace CoLlm.Training.Demo;

/// <summary>Writes a corpus as the JSON lines that training reads: one file per audience, each complete or absent.</summary>
internal sealed class DemoCorpusFiles(DemoCorpus corpus, string dataFolder)
{
    public const string TokenizerFile = "tokenizer.jsonl";
    public const string BaseFile = "base.jsonl";
    public const string JointFile = "joint.jsonl";
    public const string ValidationFile = "validation.jsonl";
    public const string HeldOutFile = "held_out.jsonl";

    private static readonly JsonWriterOptions Readable = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private static readonly JsonSerializerOptions Items = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        DefaultIgnoreCondition = System.Text.Json.Serialization.JsonIgnoreCondition.WhenWritingNull,
    };

    /// <summary>Name of the file that an expert reads.</summary>
    public static string ExpertFile(string expert) => $"expert-{expert}.jsonl";

    /// <summary>Writes all files into a folder, which is created; every text for base, swap head and tokenizer is checked for leaks first.</summary>
    /// <exception cref="TrainingException">A text leaks, an item does not follow from the facts, or a file cannot be written.</exception>
    public void Write(string folder, CancellationToken cancellationToken)
    {
        LeakCheck leaks = new(corpus.Library, corpus.Catalog);
        DemoItemCheck check = new(corpus);
        try
        {
            Directory.CreateDirectory(folder);
            WriteTexts(Path.Combine(folder, TokenizerFile), Checked(corpus.Tokenizer(), leaks), cancellationToken);
            WriteTexts(Path.Combine(folder, BaseFile), Checked(corpus.BaseLanguageModel(), leaks), cancellationToken);
            WriteTexts(Path.Combine(folder, JointFile), Checked(corpus.JointTraining(), leaks), cancellationToken);
            foreach (string expert in DemoCorpus.Experts)
                WriteTexts(Path.Combine(folder, ExpertFile(expert)), corpus.ExpertPages(expert), cancellationToken);
            IEnumerable<DemoItem> validation = check.Read(Path.Combine(dataFolder, "validation"), DemoSplit.Validation);
            WriteTexts(Path.Combine(folder, ValidationFile), validation.Select(item => new DemoText(item.Id, item.Question, item.Reference)), cancellationToken);
            IEnumerable<DemoItem> heldOut = check.Read(Path.Combine(dataFolder, "tasks"), DemoSplit.HeldOut);
            WriteLines(Path.Combine(folder, HeldOutFile), heldOut, (item, writer) => JsonSerializer.Serialize(writer, item, Items), cancellationToken);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new TrainingException($"{folder}: cannot be written, {exception.Message}", exception);
        }
    }

    private static IEnumerable<DemoText> Checked(IEnumerable<DemoText> texts, LeakCheck leaks)
    {
        foreach (DemoText text in texts)
            yield return leaks.Find(text) is { } leak ? throw new TrainingException(leak) : text;
    }

    private static void WriteTexts(string path, IEnumerable<DemoText> texts, CancellationToken cancellationToken) =>
        WriteLines(path, texts, WriteText, cancellationToken);

    private static void WriteLines<T>(string path, IEnumerable<T> entries, Action<T, Utf8JsonWriter> write, CancellationToken cancellationToken)
    {
        string partial = path + ".partial";
        using (FileStream file = File.Create(partial))
        using (Utf8JsonWriter writer = new(file, Readable))
        {
            foreach (T entry in entries)
            {
                cancellationToken.ThrowIfCancellationRequested();
                write(entry, writer);
                writer.Flush();
                file.WriteByte((byte)'\n');
                writer.Reset();
            }
        }

        File.Move(partial, path, overwrite: true);
    }

    private static void WriteText(DemoText text, Utf8JsonWriter writer)
    {
        writer.WriteStartObject();
        writer.WriteString("source", text.Source);
        if (text.Question is null)
        {
            writer.WriteString("text", text.Text);
        }
        else
        {
            writer.WriteStartArray("messages");
            WriteTurn("user", text.Question, writer);
            WriteTurn("assistant", text.Text, writer);
            writer.WriteEndArray();
            if (text.IsUnfinished)
                writer.WriteBoolean("unfinished", true);
        }

        writer.WriteEndObject();
    }

    private static void WriteTurn(string role, string content, Utf8JsonWriter writer)
    {
        writer.WriteStartObject();
        writer.WriteString("role", role);
        writer.WriteString("content", content);
        writer.WriteEndObject();
    }
}
