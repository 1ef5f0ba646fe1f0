namespace CoLlm.Router.OpenAi.Requests;

/// <summary>Where a value stands in a request: under a name, or as an item of the list that has it. Spelled out only for refusals.</summary>
/// <param name="Name">Of the value or its list; empty: the request itself.</param>
/// <param name="Index">In the list; below zero: it is the value itself.</param>
internal readonly record struct JsonPlace(string Name, int Index = -1)
{
    public override string ToString() => Index < 0 ? Name : $"{Name}[{Index}]";
}
