using CoLlm.Training.Demo.Data;

namespace CoLlm.Training.Demo.Questions;

/// <summary>One question with its answer.</summary>
/// <param name="Task">What kind of question.</param>
/// <param name="Form">Its wording.</param>
/// <param name="Entity">What it is about.</param>
/// <param name="Question">As asked.</param>
/// <param name="Answer">The whole answer expected.</param>
/// <param name="Span">The decisive part of the answer.</param>
internal sealed record DemoQuestion(QuestionTask Task, QuestionForm Form, DemoEntity Entity, string Question, string Answer, string Span);

/// <summary>Turns entities into questions: every wording of every task with every way to fill it.</summary>
internal sealed class QuestionBank(DemoLibrary library, EntityCatalog catalog)
{
    private readonly Dictionary<string, Template> _templates = new(StringComparer.Ordinal);

    public DemoLibrary Library { get; } = library;

    public EntityCatalog Catalog { get; } = catalog;

    /// <summary>All questions of a task about an entity in one class of wordings; none where the task does not suit it. A few hundred at most.</summary>
    public IEnumerable<DemoQuestion> Expand(QuestionTask task, DemoEntity entity, bool heldOutWordings)
    {
        if (!entity.Suits(task))
            yield break;
        foreach (QuestionForm form in task.Forms)
        {
            foreach (string wording in heldOutWordings ? form.Questions.HeldOut : form.Questions.Training)
            {
                // Bindings that differ in slots the wording does not use give the same question; it counts once.
                HashSet<string> seen = new(StringComparer.Ordinal);
                foreach (IReadOnlyDictionary<string, string> values in entity.Bindings(task.Id))
                {
                    if (task.Needs?.All(values.ContainsKey) is false)
                        continue;
                    string question = Of(wording).Fill(values);
                    if (seen.Add(question))
                        yield return new DemoQuestion(task, form, entity, question, Of(form.Answer).Fill(values), Span(task, values));
                }
            }
        }
    }

    /// <summary>
    /// Questions about all entities of some splits in training wordings, at most <paramref name="mostPerEntity"/> of each task about
    /// each entity, drawn by the seed.
    /// </summary>
    public IEnumerable<DemoQuestion> Draw(IReadOnlyCollection<DemoSplit> splits, int mostPerEntity, SeededRandom random)
    {
        foreach (QuestionTask task in Library.Wordings.Tasks)
        {
            foreach (DemoEntity entity in Catalog.All.Where(entity => splits.Contains(entity.Split)))
            {
                DemoQuestion[] questions = [.. Expand(task, entity, heldOutWordings: false)];
                random.Shuffle(questions.AsSpan());
                foreach (DemoQuestion question in questions.Take(mostPerEntity))
                    yield return question;
            }
        }
    }

    private static string Span(QuestionTask task, IReadOnlyDictionary<string, string> values) => values.TryGetValue(task.AnswerSlot, out string? span)
        ? span
        : throw new TrainingException($"templates.json: the task '{task.Id}' has the answer slot '{task.AnswerSlot}', for which there is no value.");

    /// <summary>The parsed form of a wording.</summary>
    public Template Of(string wording)
    {
        if (!_templates.TryGetValue(wording, out Template? template))
            _templates[wording] = template = new Template(wording);
        return template;
    }
}
