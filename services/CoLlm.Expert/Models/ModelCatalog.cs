using CoLlm.ServiceDefaults.Health;

namespace CoLlm.Expert.Models;

/// <summary>The process's models by name; each appears when it is loaded. Safe to call from any thread.</summary>
internal sealed class ModelCatalog : IAsyncDisposable
{
    private readonly Lock _lock = new();
    private readonly Readiness _readiness;
    private readonly List<ExpertModel> _loaded = [];

    public ModelCatalog(ExpertOptions options, Readiness readiness)
    {
        _readiness = readiness;
        Names = [.. options.Models.Select(model => model.Name)];
        foreach (ExpertModelOptions model in options.Models)
            readiness.Await(model.OpenAi is null ? Weights(model.Name) : Server(model.Name));
    }

    /// <summary>All models this process has or is loading.</summary>
    public IReadOnlyList<string> Names { get; }

    public IReadOnlyList<ExpertModel> Loaded
    {
        get
        {
            lock (_lock)
                return [.. _loaded];
        }
    }

    public bool IsComplete
    {
        get
        {
            lock (_lock)
                return _loaded.Count == Names.Count;
        }
    }

    /// <summary>The model of that name; with no name, the only one there is.</summary>
    public ExpertModel? Find(string name)
    {
        lock (_lock)
            return name.Length == 0 && Names.Count == 1 ? _loaded.FirstOrDefault() : _loaded.Find(model => model.Name == name);
    }

    public void Add(ExpertModel model)
    {
        lock (_lock)
            _loaded.Add(model);
        _readiness.Arrived(model.Engine is null ? Server(model.Name) : Weights(model.Name));
    }

    /// <summary>Reports whether the server elsewhere that computes a loaded model can be asked; the process is not ready while it cannot.</summary>
    public void SetServerReachable(string name, bool isReachable)
    {
        if (isReachable)
            _readiness.Arrived(Server(name));
        else
            _readiness.Await(Server(name));
    }

    public async ValueTask DisposeAsync()
    {
        foreach (ExpertModel model in Loaded)
            await model.DisposeAsync();
    }

    private static string Weights(string name) => $"the weights of {name}";

    private static string Server(string name) => $"the server of {name}";
}
