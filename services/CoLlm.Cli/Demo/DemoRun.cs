using System.Diagnostics;
using CoLlm.Cli.Serving;
using CoLlm.Protocol.V1;
using Grpc.Core;

namespace CoLlm.Cli.Demo;

/// <summary>
/// The demo from start to end: 1 find models and questions; 2 start the services; 3 ask every question, together and of each model
/// alone; 4 count; 5 go on serving where that is wanted. Whatever happens, no process is left behind.
/// </summary>
internal sealed class DemoRun(DemoOptions options, DemoPage page, ServiceExecutable executable)
{
    private const string Together = "together";
    private const string BaseAlone = "the base alone";

    /// <summary>How long news of a signal or of a process's end may lag behind what it has caused, on a busy machine too.</summary>
    private static readonly TimeSpan NewsTime = TimeSpan.FromSeconds(5);

    private readonly Dictionary<string, int> _right = [];

    /// <exception cref="DemoException">Something is missing, did not start or ended; nothing runs any more.</exception>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        // 1
        DemoModels models = DemoModels.Find(options.Models, Environment.CurrentDirectory, AppContext.BaseDirectory);
        IReadOnlyList<DemoQuestion> questions = DemoQuestion.Choose(options.Questions, models.Questions);
        using var folder = new ServiceFolder("demo");
        try
        {
            // 2
            long started = Stopwatch.GetTimestamp();
            await using DemoServices services = await DemoServices.StartAsync(models, options.Port, options.StartLimit, folder, executable, cancellationToken);
            page.ShowModels(models, services, Stopwatch.GetElapsedTime(started));

            // 3, 4
            await WhileAllLiveAsync(services, token => AskAllAsync(models, services, questions, token), cancellationToken);
            if (!options.Serves)
                return;

            // 5
            Uri http = await services.Router.HttpAddress.WaitAsync(options.StartLimit, cancellationToken);
            page.ShowServing(services, http, ClientCommands.For(executable, services.Router.Address, http, questions[0].Text), folder.Path);
            await WhileAllLiveAsync(services, token => Task.Delay(Timeout.Infinite, token), cancellationToken);
        }
        catch (Exception exception) when (exception is DemoException or ServiceProcessException)
        {
            folder.IsKept = true;
            throw;
        }
    }

    /// <summary>Does something until it is done or a process ends; then says which.</summary>
    private static async Task WhileAllLiveAsync(DemoServices services, Func<CancellationToken, Task> work, CancellationToken cancellationToken)
    {
        using var until = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        Task running = work(until.Token);
        if (await Task.WhenAny(running, services.FirstEnded) != running)
            await until.CancelAsync();
        try
        {
            await running;
        }
        catch (Exception exception) when (exception is RpcException or DemoException or OperationCanceledException)
        {
            // A broken answer may be known before the process that broke it, and a terminal's Ctrl-C ends the services as well.
            await Task.WhenAny(services.FirstEnded, Task.Delay(NewsTime, cancellationToken));
            if (services.FirstEnded is { IsCompleted: true, Result.ExitCode: 0 })
                await Task.WhenAny(Task.Delay(NewsTime, cancellationToken));
            cancellationToken.ThrowIfCancellationRequested();
            if (services.FirstEnded.IsCompleted)
                throw new DemoException($"The demo ends because {services.FirstEnded.Result.Name} has ended: {services.FirstEnded.Result.Ending()}", exception);
            throw exception is RpcException failed ? new DemoException($"The router gave no answer: {failed.Status.Detail}", failed) : exception;
        }
    }

    private async Task AskAllAsync(DemoModels models, DemoServices services, IReadOnlyList<DemoQuestion> questions, CancellationToken cancellationToken)
    {
        using var client = new DemoClient(services.Router.Address, options.MaxTokens);
        foreach (DemoQuestion question in questions)
        {
            page.BeginAnswer(question);
            DemoAnswer answer = await client.AskAsync(question.Text, Deferring(), page.Show, cancellationToken);
            page.EndAnswer(answer, Judge(Together, question, answer));
            await AskAloneAsync(client, BaseAlone, question, new Collaboration { Mode = CollaborationMode.BaseOnly }, cancellationToken);
            foreach (string expert in models.Experts)
            {
                var alone = new Collaboration { Mode = CollaborationMode.ExpertOnly, Experts = { expert } };
                await AskAloneAsync(client, $"{expert} alone", question, alone, cancellationToken);
            }

            page.EndQuestion();
        }

        page.ShowScore([.. _right.Select(entry => (entry.Key, entry.Value))], questions.Count(question => question.Known is not null));
    }

    private async Task AskAloneAsync(DemoClient client, string who, DemoQuestion question, Collaboration alone, CancellationToken cancellationToken)
    {
        DemoAnswer answer = await client.AskAsync(question.Text, alone, show: null, cancellationToken);
        page.ShowAlone(who, answer, Judge(who, question, answer));
    }

    private Collaboration Deferring()
    {
        var collaboration = new Collaboration { Mode = CollaborationMode.Defer };
        if (options.Threshold is { } threshold)
            collaboration.Threshold = threshold;
        else if (options.TargetRate is { } rate)
            collaboration.TargetRate = rate;
        return collaboration;
    }

    private string? Judge(string who, DemoQuestion question, DemoAnswer answer)
    {
        string? verdict = question.Judge(answer.Text);
        if (verdict is not null)
            _right[who] = _right.GetValueOrDefault(who) + (verdict == DemoQuestion.Right ? 1 : 0);
        return verdict;
    }
}
