using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace CoLlm.Evaluation.Reports;

/// <summary>An evaluation's outcome with the command that made it.</summary>
/// <param name="Command">As it was typed; null where there was none.</param>
/// <param name="Fingerprint">Of models, items and settings.</param>
/// <param name="ItemCount">Items that every system answered.</param>
/// <param name="Systems">In the order in which they ran.</param>
public sealed record EvaluationReport(string? Command, string Fingerprint, int ItemCount, IReadOnlyList<SystemSummary> Systems)
{
    private static readonly JsonSerializerOptions Json = new()
    {
        WriteIndented = true,
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.SnakeCaseLower) },
    };

    /// <summary>Writes <c>report.json</c>, <c>report.md</c> and <c>report.svg</c> into a folder that exists.</summary>
    /// <exception cref="EvaluationException">A file cannot be written.</exception>
    public void Write(string folder)
    {
        try
        {
            File.WriteAllText(Path.Combine(folder, "report.json"), JsonSerializer.Serialize(this, Json) + "\n");
            File.WriteAllText(Path.Combine(folder, "report.md"), MarkdownReport.Of(this));
            File.WriteAllText(Path.Combine(folder, "report.svg"), SvgPlot.Of(this));
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new EvaluationException($"{folder}: the report cannot be written, {exception.Message.TrimEnd('.')}.", exception);
        }
    }
}
