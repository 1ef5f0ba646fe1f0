using System.Globalization;
using CoLlm.Training.Demo.Data;
using CoLlm.Training.Demo.Questions;

namespace CoLlm.Training.Demo;

/// <summary>
/// Teaches a model to carry a word it has never seen from the question into the answer: short exchanges with made-up words, and
/// frames, the questions of the domain with a made-up name and an answer that breaks off before its decisive span.
/// </summary>
internal sealed class CopyingExercises(QuestionBank bank, MadeUpWords words, DemoCorpusOptions options)
{
    private static readonly DemoSplit[] OpenSplits = [DemoSplit.Base, DemoSplit.Train];

    /// <summary>Exchanges, then frames.</summary>
    public IEnumerable<DemoText> All() => Exchanges().Concat(bank.Library.Wordings.Copying.Frames.Tasks.SelectMany(Frames));

    /// <summary>The short exchanges alone.</summary>
    public IEnumerable<DemoText> Exchanges()
    {
        foreach (CopyingFamily family in bank.Library.Wordings.Copying.Families)
        {
            for (int i = 0; i < options.ExercisesPerFamily; i++)
            {
                Dictionary<string, string> values = Drawn();
                yield return new DemoText($"copying/{family.Id}", bank.Of(family.Question).Fill(values), bank.Of(family.Answer).Fill(values));
            }
        }
    }

    private IEnumerable<DemoText> Frames(string taskId)
    {
        QuestionTask task = bank.Library.Wordings.Task(taskId) ?? throw new TrainingException($"templates.json: frames name the unknown task '{taskId}'.");
        return bank.Library.Wordings.Copying.Frames.Names.TryGetValue(task.Entity, out IReadOnlyList<string>? names) && names.Count > 0
            ? NamedFrames(task, names, options.FramesPerTask)
            : NumberFrames(task);
    }

    /// <summary>Many words to repeat, then frames with names made of such words: the carrying itself, over every piece of a word.</summary>
    public IEnumerable<DemoText> Echoes()
    {
        EchoRules rules = bank.Library.Wordings.Copying.Echo;
        for (int i = 0; i < options.Echoes; i++)
        {
            Dictionary<string, string> values = new()
            {
                ["words"] = string.Join(' ', Enumerable.Range(0, words.Between(rules.Words)).Select(_ => words.Word())),
            };
            yield return new DemoText("echo", bank.Of(words.Pick(rules.Questions)).Fill(values), bank.Of(rules.Answer).Fill(values));
        }

        foreach (QuestionTask task in bank.Library.Wordings.Tasks.Where(task => rules.Names.ContainsKey(task.Entity)))
        {
            foreach (DemoText frame in NamedFrames(task, rules.Names[task.Entity], options.EchoFramesPerTask))
                yield return frame;
        }
    }

    private IEnumerable<DemoText> NamedFrames(QuestionTask task, IReadOnlyList<string> names, int count)
    {
        for (int i = 0; i < count; i++)
        {
            string written = words.Pick(names);
            Dictionary<string, string> drawn = Drawn();
            if (written.Contains("{word3}", StringComparison.Ordinal))
                drawn["word3"] = words.Word();
            string name = bank.Of(written).Fill(drawn);
            Dictionary<string, string> values = new() { ["brand"] = name, ["name"] = name, ["subject"] = name, ["noun"] = name };
            QuestionForm form = words.Pick(task.Forms);
            string question = bank.Of(words.Pick(form.Questions.Training)).Fill(values);
            yield return Frame(task, question, bank.Of(form.Answer).FillUntil(task.AnswerSlot, values));
        }
    }

    /// <summary>Numbers cannot be made up: theirs are those of the questions that the base or the joint training sees anyway.</summary>
    private IEnumerable<DemoText> NumberFrames(QuestionTask task)
    {
        DemoEntity[] entities = [.. bank.Catalog.All.Where(entity => OpenSplits.Contains(entity.Split) && bank.Expand(task, entity, false).Any())];
        if (entities.Length == 0)
            throw new TrainingException($"templates.json: frames of '{task.Id}' have no entity that may be asked about.");
        Dictionary<DemoEntity, DemoQuestion[]> questions = [];
        for (int i = 0; i < options.FramesPerTask; i++)
        {
            DemoEntity entity = words.Pick(entities);
            if (!questions.TryGetValue(entity, out DemoQuestion[]? all))
                questions[entity] = all = [.. bank.Expand(task, entity, heldOutWordings: false)];
            DemoQuestion question = words.Pick(all);
            int cut = question.Answer.LastIndexOf(question.Span, StringComparison.Ordinal);
            yield return Frame(task, question.Question, question.Answer[..cut].TrimEnd(' '));
        }
    }

    private static DemoText Frame(QuestionTask task, string question, string start) => new($"frame/{task.Id}", question, start, IsUnfinished: true);

    private Dictionary<string, string> Drawn() => new()
    {
        ["word"] = words.Word(),
        ["word2"] = words.Word(),
        ["number"] = words.Number().ToString(CultureInfo.InvariantCulture),
        ["letter"] = words.Letter(),
        ["digit"] = words.Digit().ToString(CultureInfo.InvariantCulture),
    };
}
