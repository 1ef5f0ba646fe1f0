using System.CommandLine;
using CoLlm.Cli.Commands;
using CoLlm.Cli.JsonLines;

namespace CoLlm.Cli;

/// <summary>The <c>collm</c> command line: one file per subcommand in <c>Commands/</c>, listed here.</summary>
internal static class CollmCommand
{
    public static RootCommand Create(ConsoleStreams streams) =>
        new("Two language models write one answer: a small base model drafts, an expert writes where it is needed.")
        {
            DemoCommand.Create(streams),
            TokenizeCommand.Create(streams),
            DetokenizeCommand.Create(streams),
            InspectCommand.Create(streams),
            ScoreCommand.Create(streams),
            CompleteCommand.Create(streams),
            RenderCommand.Create(streams),
            EvaluateCommand.Create(streams),
            TrainCommand.Create(streams),
            DemoTrainCommand.Create(streams),
            ServeCommand.Create(streams),
            GenerateCommand.Create(streams),
            HealthCommand.Create(streams),
            BenchCommand.Create(streams),
        };
}
