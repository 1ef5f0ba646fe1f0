using System.CommandLine;
using CoLlm.Cli.Calibration;
using CoLlm.Cli.JsonLines;
using CoLlm.Training.Data;
using CoLlm.Training.Pipeline;
using CoLlm.Training.Scoring;

namespace CoLlm.Cli.Commands;

/// <summary><c>collm train</c>: teaches a base model, and its swap head, from domain text.</summary>
internal static class TrainCommand
{
    public static Command Create(ConsoleStreams streams)
    {
        TrainSettings settings = new();
        var command = new Command(
            "train",
            "Trains a base model and the swap head that decides when to defer, from JSON lines with {\"messages\"}, {\"prompt\", \"completion\"} or "
                + "{\"text\"}: formats them, scores them with base and experts, labels where an expert was needed, fits the head, trains base and head "
                + "together, writes a Hugging Face directory with swap_head.safetensors, and calibrates thresholds on --validation. With --objective lm "
                + "it trains a plain language model. An expert is a directory here, or a service elsewhere (collm serve expert), which scores and answers over "
                + "the network. Stages lie in the work folder; the same command again goes on where a killed run was.");
        settings.AddTo(command);
        command.SetAction((result, cancellationToken) => ResumableCommand.RunAsync(
            "train",
            "the last checkpoint",
            streams.Error,
            () => RunAsync(PipelineConfig.Parse(settings.Read(result)), streams, cancellationToken),
            cancellationToken));
        return command;
    }

    private static Task RunAsync(PipelineOptions options, ConsoleStreams streams, CancellationToken cancellationToken)
    {
        TrainingPipeline pipeline = new(
            options,
            ChatTemplateRenderer.Load(options.Model),
            (expert, usable) => TokenScorers.Open(expert.Directory, usable, options.Training.ThreadCount),
            TimeProvider.System)
        {
            Log = new Immediate<string>(streams.Error.WriteLine),
            Progress = new TrainingProgressLines(streams.Error, TimeProvider.System),
            OpenCollaboration = ServedCollaboration.StartAsync,
        };
        return pipeline.RunAsync(cancellationToken);
    }

    private sealed class Immediate<T>(Action<T> report) : IProgress<T>
    {
        public void Report(T value) => report(value);
    }
}
