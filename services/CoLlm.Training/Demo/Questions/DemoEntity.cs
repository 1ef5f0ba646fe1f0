using CoLlm.Training.Demo.Data;

namespace CoLlm.Training.Demo.Questions;

/// <summary>Something that questions are about: a medicine, an animal, a list of animals, a power or a product.</summary>
/// <param name="Kind">As <c>entity</c> in <c>templates.json</c>.</param>
/// <param name="Id">Unique within its kind; <c>5^3</c> for powers and <c>4*7</c> for products.</param>
/// <param name="Split">Where it may be asked about.</param>
internal abstract record DemoEntity(string Kind, string Id, DemoSplit Split)
{
    /// <summary>Whether texts for the base or the swap head must not betray it.</summary>
    public bool IsSecret => Split is DemoSplit.Validation or DemoSplit.HeldOut;

    /// <summary>
    /// All ways to fill the slots of a question of the task, or of a domain text of that name; none where it does not apply. At most a
    /// few hundred.
    /// </summary>
    public abstract IEnumerable<IReadOnlyDictionary<string, string>> Bindings(string family);

    /// <summary>Whether the task asks about it at all.</summary>
    public virtual bool Suits(QuestionTask task) => task.Entity == Kind;
}
