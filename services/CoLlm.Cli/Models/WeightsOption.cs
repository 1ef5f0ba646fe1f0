using System.CommandLine;
using CoLlm.Inference.Cpu;

namespace CoLlm.Cli.Models;

/// <summary>The <c>--weights</c> option: how the matrices are kept in memory.</summary>
internal static class WeightsOption
{
    public static Option<WeightFormat> Create() => new("--weights")
    {
        Description = "How weights are kept: as the checkpoint stores them (default), or rounded to 8 or 4 bits.",
        HelpName = "AsStored|Int8|Int4",
    };
}
