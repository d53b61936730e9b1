import { TYPE_OTHERWISES } from '../rules/policies/field-types.js';
import { oneOf } from './setting.js';
import { section } from './structured-setting.js';

const type = section(
  {
    otherwise: oneOf(TYPE_OTHERWISES, {
      description:
        'What happens to a field whose value cannot be converted without loss to the type that the store has: `park` parks the record, `omit` omits the field, `side-field` writes it as `<field>_<type>`.',
    }).prefault('park'),
  },
  { description: 'The type that a field has in the store.' },
);

/** Policies that keep the store healthy: see docs/policies.md. */
export const policies = section(
  { type: type.prefault({}) },
  { description: 'What happens to points that would harm the store.' },
).prefault({});
