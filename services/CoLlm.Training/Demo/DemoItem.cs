using System.Text.Json;

namespace CoLlm.Training.Demo;

/// <summary>One item of <c>tasks/</c> or <c>validation/</c>, as far as making and checking the demo needs it.</summary>
/// <param name="Id">Unique.</param>
/// <param name="Task">Id in <c>templates.json</c>.</param>
/// <param name="Expert">Who knows.</param>
/// <param name="Entity">Id of what it is about.</param>
/// <param name="Wording"><c>training</c> or <c>held_out</c>.</param>
/// <param name="Question">As asked.</param>
/// <param name="Answer">The canonical decisive span.</param>
/// <param name="Answers">What is accepted: texts, or for lists one array of alternatives per element.</param>
/// <param name="Metric">How answers are compared.</param>
/// <param name="Extract">Finds the decisive span.</param>
/// <param name="Reference">The whole answer expected.</param>
/// <param name="Separators">Where a list answer is cut; lists only.</param>
internal sealed record DemoItem(
    string Id,
    string Task,
    string Expert,
    string Entity,
    string Wording,
    string Question,
    string Answer,
    IReadOnlyList<JsonElement> Answers,
    string Metric,
    string Extract,
    string Reference,
    IReadOnlyList<string>? Separators = null);
