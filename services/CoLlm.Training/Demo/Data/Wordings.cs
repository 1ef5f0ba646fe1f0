namespace CoLlm.Training.Demo.Data;

/// <summary>Questions that share one answer. Held-out wordings are for evaluation alone.</summary>
internal sealed record QuestionWordings(IReadOnlyList<string> Training, IReadOnlyList<string> HeldOut);

/// <summary>Wordings of a question, coupled with the wording of the answer they get.</summary>
/// <param name="Questions">At least one for training.</param>
/// <param name="Answer">Contains the task's answer slot.</param>
/// <param name="Extract">Finds the decisive span in an answer.</param>
internal sealed record QuestionForm(QuestionWordings Questions, string Answer, string Extract);

/// <summary>One kind of question about one kind of entity.</summary>
/// <param name="Id">Such as <c>drug_use</c>.</param>
/// <param name="Expert">Who knows.</param>
/// <param name="Entity">Such as <c>drug</c> or <c>power</c>.</param>
/// <param name="AnswerSlot">The slot of the answer that is decisive.</param>
/// <param name="Metric">How answers are compared.</param>
/// <param name="Forms">At least one.</param>
/// <param name="Needs">Slots that an entity must have to be asked about.</param>
/// <param name="NeedsExponent">The one exponent that powers must have.</param>
/// <param name="Separators">Where a list answer is cut.</param>
internal sealed record QuestionTask(
    string Id,
    string Expert,
    string Entity,
    string AnswerSlot,
    string Metric,
    IReadOnlyList<QuestionForm> Forms,
    IReadOnlyList<string>? Needs = null,
    int? NeedsExponent = null,
    IReadOnlyList<string>? Separators = null);

/// <summary>A sentence that an expert reads about an entity.</summary>
/// <param name="Text">With slots.</param>
/// <param name="Needs">Slots that must have a value.</param>
/// <param name="Times">How often it is read; more for facts that few wordings state.</param>
internal sealed record DomainWording(string Text, IReadOnlyList<string>? Needs = null, int Times = 1);

/// <summary>An exercise in carrying a word over from the question.</summary>
internal sealed record CopyingFamily(string Id, string Slot, string Question, string Answer);

/// <summary>Questions with made-up names, their answers cut off before the decisive span.</summary>
/// <param name="Tasks">Ids of the tasks they are made from.</param>
/// <param name="Names">Per kind of entity, how a made-up name is written.</param>
internal sealed record FrameRules(IReadOnlyList<string> Tasks, IReadOnlyDictionary<string, IReadOnlyList<string>> Names);

/// <summary>Many words to repeat at once, and names for frames that are written with such words.</summary>
/// <param name="Words">How many words to repeat.</param>
/// <param name="Questions">Asks for it, with the slot <c>words</c>.</param>
/// <param name="Answer">Repeats them.</param>
/// <param name="Common">Everyday words that names are made of.</param>
/// <param name="Names">Per kind of entity, how a name is written.</param>
internal sealed record EchoRules(
    NumberRange Words, IReadOnlyList<string> Questions, string Answer, IReadOnlyList<string> Common, IReadOnlyDictionary<string, IReadOnlyList<string>> Names);

/// <summary>What copying exercises are made of.</summary>
internal sealed record CopyingRules(
    IReadOnlyList<string> Syllables,
    NumberRange SyllablesPerWord,
    NumberRange Numbers,
    IReadOnlyList<string> Letters,
    NumberRange Digits,
    IReadOnlyList<CopyingFamily> Families,
    FrameRules Frames,
    EchoRules Echo);

/// <summary>Questions about powers of numbers that no table holds, cut off before the value.</summary>
/// <param name="Tasks">Ids of the tasks they are made from.</param>
/// <param name="Numbers">The numbers that are raised.</param>
/// <param name="Times">How often each pair of exponents is asked.</param>
internal sealed record ExponentRules(IReadOnlyList<string> Tasks, NumberRange Numbers, int Times);

/// <summary>What <c>templates.json</c> says. Domain text is keyed by expert, then by kind of entity or family of numbers.</summary>
internal sealed record Wordings(
    IReadOnlyList<QuestionTask> Tasks,
    IReadOnlyDictionary<string, IReadOnlyDictionary<string, IReadOnlyList<DomainWording>>> DomainText,
    CopyingRules Copying,
    ExponentRules Exponents)
{
    /// <summary>The task with this id; null where there is none.</summary>
    public QuestionTask? Task(string id) => Tasks.FirstOrDefault(task => task.Id == id);
}
