using System.CommandLine;

namespace CoLlm.Cli.JsonLines;

/// <summary>The <c>--model</c> option: a checkpoint directory.</summary>
internal static class ModelOption
{
    public static Option<string> Create(string description, bool required = true) =>
        new("--model") { Description = description, HelpName = "DIR", Required = required };
}
