using System.CommandLine;
using CoLlm.Cli.JsonLines;
using CoLlm.Training.Demo.Making;

namespace CoLlm.Cli.Commands;

/// <summary><c>collm demo-train</c>: makes the demo's base and experts from the text in the repository.</summary>
internal static class DemoTrainCommand
{
    public static Command Create(ConsoleStreams streams)
    {
        Option<string> data = Path("--data", "Folder with the hand-written facts, wordings, splits and items.", "deploy/models/demo/data");
        Option<string> recipe = Path("--recipe", "Sizes, amounts and training settings.", "deploy/models/demo/recipe.json");
        Option<string> output = Path("--output", "Receives one folder per model.", "deploy/models/demo");
        Option<string> work = new("--work") { Description = "Folder for the stages; a run that was killed goes on from it.", HelpName = "DIR", Required = true };
        Option<int> threads = new("--threads") { Description = "Compute threads; no result depends on it.", HelpName = "N", DefaultValueFactory = _ => Environment.ProcessorCount };
        threads.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<int>() is < 1 or > 256)
                result.AddError("--threads must be from 1 to 256.");
        });
        var command = new Command(
            "demo-train",
            "Makes the demo's models: texts, tokenizer, experts, base, base and swap head together, calibration. The same data, recipe and seeds give the same models.")
        {
            data, recipe, output, work, threads,
        };
        command.SetAction((result, cancellationToken) => ResumableCommand.RunAsync(
            "demo-train",
            "the last checkpoint",
            streams.Error,
            () => MakeAsync(
                new DemoPaths(result.GetRequiredValue(data), result.GetRequiredValue(recipe), result.GetRequiredValue(work), result.GetRequiredValue(output)),
                result.GetValue(threads),
                streams.Error,
                cancellationToken),
            cancellationToken));
        return command;
    }

    private static Task MakeAsync(DemoPaths paths, int threads, TextWriter error, CancellationToken cancellationToken)
    {
        DemoMaker maker = new(paths, threads, TimeProvider.System)
        {
            Log = new Sentences(error),
            Progress = new TrainingProgressLines(error, TimeProvider.System),
        };
        return maker.RunAsync(cancellationToken);
    }

    private static Option<string> Path(string name, string description, string otherwise) =>
        new(name) { Description = description, HelpName = "PATH", DefaultValueFactory = _ => otherwise };

    private sealed class Sentences(TextWriter error) : IProgress<string>
    {
        public void Report(string value) => error.WriteLine(value);
    }
}
