using CoLlm.Expert.Models;
using CoLlm.Protocol.V1;

namespace CoLlm.Expert.Sessions;

/// <summary>
/// The process's open sessions. Where a newcomer finds no place or no KV blocks, sessions that have been idle too long give up theirs,
/// the least recently used first. Safe to call from any thread.
/// </summary>
internal sealed class SessionTable(SessionLimits limits, TimeProvider time)
{
    private readonly Lock _lock = new();
    private readonly HashSet<ExpertSession> _sessions = [];

    public int Count
    {
        get
        {
            lock (_lock)
                return _sessions.Count;
        }
    }

    /// <summary>Sessions that wait for a message.</summary>
    public int IdleCount
    {
        get
        {
            lock (_lock)
                return _sessions.Count(session => session.IsIdle);
        }
    }

    /// <summary>One model's sessions: those that are being served, and those that wait for a message.</summary>
    public (int Busy, int Idle) CountOf(ExpertModel model)
    {
        lock (_lock)
        {
            int count = _sessions.Count(session => session.Model == model);
            int idle = _sessions.Count(session => session.Model == model && session.IsIdle);
            return (count - idle, idle);
        }
    }

    /// <summary>Takes a place and opens a sequence on the model's backend for a session, or says which bound is in the way.</summary>
    public ISequence? TryAdmit(ExpertSession session, SessionTerms terms, out SessionFault? fault)
    {
        lock (_lock)
        {
            if (_sessions.Count >= limits.MaxSessions && !TryEvictOne(ofModel: null))
            {
                fault = new SessionFault(
                    FailureReason.TooManySessions, $"All {limits.MaxSessions} sessions (MaxSessions) are open.", RetryAfter: limits.RetryAfter);
                return null;
            }

            ISequence? opened;
            BackendRefusal? refusal;
            while ((opened = terms.Model.Backend.TryOpen(terms.MaxSequenceTokens, terms.UsableVocabularySize, out refusal)) is null)
            {
                if (refusal!.IsPermanent || !TryEvictOne(terms.Model))
                {
                    fault = refusal.Fault;
                    return null;
                }
            }

            fault = null;
            _sessions.Add(session);
            return opened;
        }
    }

    public void Remove(ExpertSession session)
    {
        lock (_lock)
            _sessions.Remove(session);
    }

    /// <summary>Evicts the idle session that was used longest ago; where KV blocks are what is missing, of the model that lacks them.</summary>
    private bool TryEvictOne(ExpertModel? ofModel)
    {
        while (true)
        {
            ExpertSession? oldest = _sessions
                .Where(candidate => ofModel is null || candidate.Model == ofModel)
                .Where(candidate => time.GetElapsedTime(candidate.LastUsed) >= limits.IdleTimeout && candidate.IsIdle)
                .MinBy(candidate => candidate.LastUsed);
            if (oldest is null)
                return false;
            if (!oldest.TryEvict())
                continue; // It got a message meanwhile.
            _sessions.Remove(oldest);
            return true;
        }
    }
}
