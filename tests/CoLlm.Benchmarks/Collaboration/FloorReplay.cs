using CoLlm.Inference;

namespace CoLlm.Benchmarks.Collaboration;

/// <summary>
/// What an answer's forward passes take by themselves: its tokens are written again, base and expert taking turns as they did, and
/// only the time inside the two engines is added up, prefills included. Nothing else runs meanwhile.
/// </summary>
internal sealed class FloorReplay(LocalBase local, ServicePair services)
{
    private int _replayCount;

    public async Task<PassTimes> MeasureAsync(RouterAnswer answer)
    {
        int[] prompt = UnknownPrompt(answer.Prompt);
        int length = prompt.Length + answer.Tokens.Count;
        int[] sequence = [.. prompt, .. answer.Tokens.Select(token => token.TokenId)];

        EngineWork before = await services.ExpertWorkAsync();
        using DirectSession remote = await DirectSession.OpenAsync(services.Expert, prompt, length);
        using InferenceSession session = local.Engine.OpenSession(length);
        PassTimes times = new(TimeSpan.Zero, (await services.ExpertWorkAsync() - before).Time);
        int sent = prompt.Length;
        for (int i = 0; i < answer.Tokens.Count; i++)
        {
            int position = prompt.Length + i;
            await session.AdvanceAsync(sequence.AsMemory(session.Length, position - session.Length), WantedPositions.Last);
            times = times with { Base = times.Base + session.Work.LastStepTime };
            if (answer.Tokens[i].Origin != Protocol.V1.Origin.Expert)
                continue;
            (Protocol.V1.Answer reply, _) = await remote.AskAsync(sequence.AsMemory(sent, position - sent));
            times = times with { Expert = times.Expert + TimeSpan.FromMicroseconds(reply.ComputeUs) };
            sent = position;
        }

        return times;
    }

    /// <summary>As long, and in no cache: an answer may be replayed twice, and the expert keeps the blocks of every prompt it has seen.</summary>
    private int[] UnknownPrompt(int[] prompt)
    {
        int[] unknown = [.. prompt];
        unknown[0] = ++_replayCount;
        return unknown;
    }
}
