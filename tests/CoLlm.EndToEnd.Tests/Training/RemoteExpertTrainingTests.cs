using System.Diagnostics;
using CoLlm.EndToEnd.Tests.Processes;
using CoLlm.Testing;

namespace CoLlm.EndToEnd.Tests.Training;

/// <summary><c>collm train</c> with an expert in another process.</summary>
public sealed class RemoteExpertTrainingTests
{
    private const string Expert = "pair-expert";

    [Fact]
    public async Task Train_ExpertMovedToAService_CalibratesTheSame()
    {
        using TemporaryDirectory folder = new();
        folder.Write("data.jsonl", """
            {"messages":[{"role":"user","content":"What is two plus two?"},{"role":"assistant","content":"It is four."}]}
            {"prompt":"The bear","completion":" slept in a cave."}

            """);
        folder.Write("validation.jsonl", """
            {"prompt":"The bear","completion":" slept."}
            {"messages":[{"role":"user","content":"Hello"},{"role":"assistant","content":"Hi."}]}

            """);
        folder.Write("train.json", """{"max_answer_tokens": 12, "head_fit": {"learning_rate": 0.01}, "training": {"learning_rate": 0.001, "epochs": 2, "batch_sequences": 1}}""");
        await TrainAsync(folder, RepositoryPaths.Golden("models", Expert));
        string report = await File.ReadAllTextAsync(folder.File("work/6-calibration.json"));
        string scores = await File.ReadAllTextAsync(folder.File("work/6-scores-expert-helper.jsonl"));
        File.Delete(folder.File("work/6-calibration.json"));
        File.Delete(folder.File("work/6-scores-expert-helper.jsonl"));

        await using CollmProcess expert = await CollmProcess.StartAsync("expert", Settings.Expert(Expert));
        string log = await TrainAsync(folder, $"{expert.Address}/{Expert}");

        Assert.Contains("Scoring with helper.", log, StringComparison.Ordinal);
        Assert.Equal(scores.Split('\n').Length, (await File.ReadAllLinesAsync(folder.File("work/6-scores-expert-helper.jsonl"))).Length + 1);
        Assert.Equal(report, await File.ReadAllTextAsync(folder.File("work/6-calibration.json")));
    }

    private static async Task<string> TrainAsync(TemporaryDirectory folder, string expert)
    {
        ProcessStartInfo start = new(
            Path.Combine(AppContext.BaseDirectory, "collm"),
            [
                "train", "--config", folder.File("train.json"), "--model", RepositoryPaths.Golden("models", "pair-base"), "--expert", $"helper={expert}",
                "--data", folder.File("data.jsonl"), "--validation", folder.File("validation.jsonl"), "--work", folder.File("work"),
                "--output", folder.File("model"), "--threads", "1",
            ])
        {
            RedirectStandardError = true,
        };
        using Process train = Process.Start(start)!;
        string log = await train.StandardError.ReadToEndAsync();
        await train.WaitForExitAsync();
        Assert.True(train.ExitCode == 0, log);
        return log;
    }
}
