// What the form asks for, in the words of the API; fields that are left empty are the router's business.

/** @param {(id: string) => HTMLElement} find Finds the form's controls. */
export function makeSettings(find) {
  const [mode, experts, rule, limit] = ['mode', 'experts', 'rule', 'limit'].map(find);
  const refresh = () => {
    const defers = mode.value === 'defer';
    find('limit-field').hidden = limit.disabled = !defers || rule.value === '';
    find('limit-label').textContent = rule.value === 'target_rate' ? 'Target rate, 0 to 1' : 'Threshold, 0 to 1';
    rule.parentElement.hidden = !defers;
    experts.parentElement.hidden = mode.value === 'base' || experts.options.length < 3;
  };
  [mode, rule].forEach((control) => control.addEventListener('change', refresh));
  refresh();

  return {
    /** Takes over what the router says of its model. */
    describe(model) {
      const names = model.collm.experts.map((expert) => expert.name);
      const chosen = experts.value;
      experts.replaceChildren(new Option('All of them', ''), ...names.map((name) => new Option(name, name)));
      experts.value = names.includes(chosen) ? chosen : '';
      const own = model.collm.default_threshold; // Null: there is no swap head, so that nothing can be deferred.
      rule.options[0].textContent = own === null ? 'Router’s own rule' : `Router’s own (above ${Number(own.toFixed(3))})`;
      for (const option of mode.options) option.disabled = option.value !== 'base' && (names.length === 0 || (option.value !== 'expert' && own === null));
      if (mode.selectedOptions[0].disabled) mode.value = 'base';
      find('max-tokens').max = model.collm.max_new_tokens;
      refresh();
    },

    /** The request's fields besides the prompt. */
    read() {
      const ours = { mode: mode.value };
      if (mode.value === 'defer' && rule.value !== '') ours[rule.value] = limit.valueAsNumber;
      if (mode.value !== 'base' && experts.value !== '') ours.experts = [experts.value];
      const fields = { collm: ours };
      for (const [id, name] of [['temperature', 'temperature'], ['seed', 'seed'], ['max-tokens', 'max_tokens']]) {
        const value = find(id).valueAsNumber;
        if (!Number.isNaN(value)) fields[name] = value;
      }
      return fields;
    },
  };
}
