using CoLlm.Inference.ChatTemplates.Syntax;

namespace CoLlm.Inference.ChatTemplates.Parsing;

/// <summary>
/// Finds out which of <c>caller</c>, <c>kwargs</c> and <c>varargs</c> a macro's body reads before it assigns them: only these does
/// the macro take.
/// </summary>
internal sealed class SpecialNames
{
    private readonly Stack<(HashSet<string> Unassigned, HashSet<string> Read)> _open = [];

    /// <summary>A body begins; what follows concerns the bodies around it as well.</summary>
    public void Open() => _open.Push((["caller", "kwargs", "varargs"], []));

    public void Read(string name)
    {
        foreach ((HashSet<string> unassigned, HashSet<string> read) in _open)
        {
            if (unassigned.Contains(name))
                read.Add(name);
        }
    }

    public void Assign(string name)
    {
        foreach ((HashSet<string> unassigned, _) in _open)
            unassigned.Remove(name);
    }

    /// <summary>The innermost body ends.</summary>
    public MacroCatches Close(IEnumerable<string> parameters)
    {
        HashSet<string> read = _open.Pop().Read;
        bool readsCaller = read.Contains("caller");
        read.ExceptWith(parameters);
        return new MacroCatches(readsCaller, read.Contains("kwargs"), read.Contains("varargs"));
    }
}
